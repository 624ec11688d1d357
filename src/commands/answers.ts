import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { inspectTarget } from '../apply/target.js';
import { provides } from '../catalog/capabilities.js';
import type { Catalog } from '../catalog/types.js';
import { CliError, UsageError } from '../errors.js';
import type { SpecInput } from '../model.js';
import { chosenOf } from '../project-spec/choices.js';
import { PACKAGE_MANAGER_AXIS } from '../project-spec/external.js';
import { checkScope, dependencyNames, nameFromDirectory } from '../project-spec/name.js';
import { untilAborted } from '../until-aborted.js';
import type { CommandContext } from './context.js';
import { type CreateFlags, inputFromFlags } from './create-flags.js';

const DEFAULT_DIRECTORY = 'my-mcp-server';

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
};

export interface CreateInput {
  /** Absolute. */
  readonly directory: string;
  readonly input: SpecInput;
}

/**
 * Collects the answers for `create`: the spec file, flags (which win over it), the wizard on a terminal, and
 * with `--yes` nothing more.
 *
 * @throws UsageError when an answer is missing and there is no terminal; InterruptedError when the wizard is cancelled
 */
export async function collectAnswers(
  directory: string | undefined,
  flags: CreateFlags,
  catalog: Catalog,
  context: CommandContext,
): Promise<CreateInput> {
  checkDirectory(directory);
  const fromFlags = inputFromFlags(flags, catalog.axes);
  const fromFile = flags.spec === undefined ? {} : await readSpec(flags.spec, context);
  const given = merge(fromFile, fromFlags);
  const runner = packageManagerThatRanUs(catalog, context.env);
  const defaults = withPackageManager(given, runner);

  if (flags.yes) return settle(directory, defaults, catalog, context.cwd);
  if (context.interactive && flags.spec !== '-') {
    const { runWizard } = await import('../wizard/create-wizard.js');
    const answers = await runWizard(
      catalog,
      { ...given, directory },
      {
        signal: context.signal,
        detected: runner === undefined ? {} : { [PACKAGE_MANAGER_AXIS]: runner },
        checkDirectory: (chosen) => reasonAgainst(path.resolve(context.cwd, chosen), flags),
      },
    );
    const { directory: chosen, ...input } = answers;
    return settle(chosen, input, catalog, context.cwd);
  }
  const missing = missingFlags(directory, given, catalog);
  if (missing.length > 0) {
    throw new UsageError([
      {
        message: `No terminal to ask for: ${missing.join(', ')}.`,
        hint: 'Give them, or add --yes to use the defaults.',
      },
    ]);
  }
  return settle(directory, defaults, catalog, context.cwd);
}

/** Why a directory cannot be used, in one sentence; null when it can. */
function reasonAgainst(directory: string, flags: CreateFlags): string | null {
  try {
    inspectTarget(directory, flags.force === true);
    return null;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return error.message;
  }
}

function checkDirectory(directory: string | undefined): void {
  if (directory === undefined) return;
  if (directory.trim() === '' || directory.includes('\0')) {
    throw new UsageError([
      { message: 'The directory name is empty.', hint: 'Give a name, for example my-server.' },
    ]);
  }
  const scoped = checkScope(directory);
  if (scoped) throw new UsageError([scoped]);
}

/** Reads `--spec FILE` (`-`: standard input). Throws a UsageError when it cannot be read or is no spec. */
export async function readSpec(file: string, context: CommandContext): Promise<SpecInput> {
  const { parseSpecFile } = await import('../project-spec/spec-file.js');
  if (file === '-') {
    return parseSpecFile(await untilAborted(text(process.stdin), context.signal), 'stdin');
  }
  let contents: string;
  try {
    contents = await readFile(path.resolve(context.cwd, file), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = UNREADABLE[code ?? ''] ?? `it cannot be read (${code})`;
    throw new UsageError([
      {
        message: `--spec ${file}: ${reason}.`,
        hint: 'Give the path of a JSON or YAML file, or - for standard input.',
      },
    ]);
  }
  return parseSpecFile(contents, file);
}

/** Flags win. A package manager from a flag goes to the key of its own that it has in a spec file. */
function merge(file: SpecInput, flags: SpecInput): SpecInput {
  const { [PACKAGE_MANAGER_AXIS]: manager, ...chosen } = flags.choices ?? {};
  const merged = { ...file, ...flags, choices: { ...file.choices, ...chosen } };
  if (manager === undefined) return merged;
  const { [PACKAGE_MANAGER_AXIS]: _, ...choices } = merged.choices;
  return { ...merged, packageManager: String(manager), choices };
}

/** With the package manager that started us, when the answers name none. */
function withPackageManager(input: SpecInput, runner: string | undefined): SpecInput {
  const isGiven =
    input.packageManager !== undefined || input.choices?.[PACKAGE_MANAGER_AXIS] !== undefined;
  return isGiven ? input : { ...input, packageManager: runner };
}

/** The package manager that started us, from `npm_config_user_agent`; undefined when the catalog does not have it. */
function packageManagerThatRanUs(catalog: Catalog, env: NodeJS.ProcessEnv): string | undefined {
  const runner = env['npm_config_user_agent']?.split('/')[0];
  const axis = catalog.axes.find(({ id }) => id === PACKAGE_MANAGER_AXIS);
  return axis?.features.find(({ id }) => id === runner)?.id;
}

/** What the wizard would ask; an axis whose question depends on another missing answer names its condition. */
function missingFlags(directory: string | undefined, input: SpecInput, catalog: Catalog): string[] {
  const given = chosenOf(catalog, input);
  const open = catalog.axes.filter(
    ({ id }) => id !== PACKAGE_MANAGER_AXIS && input.choices?.[id] === undefined,
  );
  const always = open.filter(({ asksWhen }) => asksWhen === null || provides(given, asksWhen));
  const missing = open.flatMap(({ id, asksWhen }) => {
    if (asksWhen === null || provides(given, asksWhen)) return [`--${id}`];
    const triggers = always
      .flatMap((axis) => axis.features)
      .filter((feature) => provides([feature], asksWhen));
    return triggers.length === 0
      ? []
      : [`with ${triggers.map((feature) => feature.id).join(' or ')} also --${id}`];
  });
  const place = directory === undefined && input.name === undefined ? ['the directory'] : [];
  return [...place, ...missing];
}

/** Directory and name, each from the other where only one is given. */
function settle(
  directory: string | undefined,
  input: SpecInput,
  catalog: Catalog,
  cwd: string,
): CreateInput {
  const absolute = path.resolve(cwd, directory ?? input.name ?? DEFAULT_DIRECTORY);
  if (input.name !== undefined) return { directory: absolute, input };
  const name = nameFromDirectory(absolute, dependencyNames(catalog), cwd);
  return { directory: absolute, input: { ...input, name } };
}
