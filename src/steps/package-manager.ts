import type { Catalog, Feature } from '../catalog/types.js';
import { PACKAGE_MANAGER_AXIS } from '../project-spec/external.js';

/** How to use the chosen package manager: the `pm` facts of its feature. */
export interface PackageManager {
  readonly id: string;
  /** Installs the dependencies: program and arguments. */
  readonly install: readonly string[];
  /** Fails when the lock file cannot be installed as it is, and changes nothing; without it nothing is checked. */
  readonly verify?: readonly string[];
  /** Runs a script of the project; its name is added at the end. */
  readonly run: readonly string[];
  /** How a person gets the program: a command or an address. */
  readonly get: string;
  /** What a person types to install, and in front of a script's name. */
  readonly installText: string;
  readonly runText: string;
  /** Installs what the lock file has, and nothing else; and the file's name. */
  readonly ciText: string;
  readonly lockfile: string;
}

/**
 * Reads how a package manager is used from its feature.
 *
 * @throws Error when the feature lacks the facts (a mistake in the templates, not of the user).
 */
export function packageManagerOf(feature: Feature): PackageManager {
  const { install, run, get, verify, installText, runText, ci, lockfile } = (feature.facts['pm'] ??
    {}) as Facts;
  if (!isCommand(install) || !isCommand(run) || !isText(get)) {
    throw new Error(`${feature.axis}/${feature.id}: facts.pm needs "install", "run" and "get".`);
  }
  return {
    id: feature.id,
    install,
    ...(isCommand(verify) ? { verify } : {}),
    run,
    get,
    installText: isText(installText) ? installText : install.join(' '),
    runText: isText(runText) ? runText : run.join(' '),
    ciText: isText(ci) ? ci : install.join(' '),
    lockfile: isText(lockfile) ? lockfile : 'the lock file',
  };
}

/** The package manager of a project; undefined when this version knows none of that name. */
export function packageManagerIn(catalog: Catalog, id: string): PackageManager | undefined {
  const axis = catalog.axes.find((candidate) => candidate.id === PACKAGE_MANAGER_AXIS);
  const feature = axis?.features.find((candidate) => candidate.id === id);
  return feature && packageManagerOf(feature);
}

type Facts = Readonly<
  Record<
    'install' | 'run' | 'get' | 'verify' | 'installText' | 'runText' | 'ci' | 'lockfile',
    unknown
  >
>;

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isCommand(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every(isText);
}
