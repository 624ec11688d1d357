/**
 * Project names. One name serves as npm package, folder, Docker image, Kubernetes object and Fly app, so it is held
 * to what all of them take: a DNS label that starts with a letter, short enough for suffixes (RFC 1123; Helm and
 * Kubernetes controllers add up to ten characters to 63).
 */
import { builtinModules } from 'node:module';
import path from 'node:path';
import validateNpmName from 'validate-npm-package-name';
import type { Catalog } from '../catalog/types.js';
import type { Problem } from '../errors.js';
import type { JsonObject } from '../model.js';

const MAX_LENGTH = 53;
const VALID = /^[a-z](?:-?[a-z0-9])*$/;
const FALLBACK = 'my-server';
/** Windows refuses files with these names (learn.microsoft.com, "Naming Files, Paths, and Namespaces"). */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)$/;
const RESERVED = new Set(['node', 'node-modules', 'favicon-ico', 'test', ...builtinModules]);

/**
 * Every reason why `name` cannot be a project name; none when it can. Hints suggest a name that would do.
 * `dependencies` are names that a package in the project may have (see `dependencyNames`).
 */
export function checkProjectName(
  name: string,
  dependencies: ReadonlySet<string> = new Set(),
): Problem[] {
  const reasons = reasonsAgainst(name, dependencies);
  const hint = `Try ${suggestName(name, dependencies)}`;
  return reasons.map((reason, index) => ({
    message: reason,
    // One suggestion is enough, however many reasons there are.
    ...(index === reasons.length - 1 ? { hint: `${hint}.` } : {}),
  }));
}

/** The valid name that is closest to `name`. */
export function suggestName(name: string, dependencies: ReadonlySet<string> = new Set()): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '');
  const lettered = /^\d/.test(plain) ? `mcp-${plain}` : plain;
  const short = lettered.slice(0, MAX_LENGTH).replace(/-+$/, '');
  if (short === '') return FALLBACK;
  return reasonsAgainst(short, dependencies).length === 0 ? short : `${short}-server`;
}

/**
 * The project's name that a directory stands for: its last part as it was typed. The name of the current
 * directory was not typed, so it is converted to a valid one.
 */
export function nameFromDirectory(
  directory: string,
  dependencies: ReadonlySet<string>,
  cwd = process.cwd(),
): string {
  const absolute = path.resolve(cwd, directory);
  const base = path.basename(absolute);
  return absolute === cwd ? suggestName(base, dependencies) : base;
}

/** Why a directory cannot be meant as it was typed: it is the name of a scoped package. Null when it can. */
export function checkScope(directory: string): Problem | null {
  const [, rest] = /^@[^/\\]+[/\\]([^/\\]+)$/.exec(directory) ?? [];
  if (rest === undefined) return null;
  return {
    message: `${directory} has a scope; project names cannot have one.`,
    hint: `Use ${rest}, or ./${directory} for a folder of that name.`,
  };
}

/** The names of all packages that some project of this catalog depends on. */
export function dependencyNames(catalog: Catalog): ReadonlySet<string> {
  const features = [catalog.base, ...catalog.axes.flatMap((axis) => axis.features)];
  const names = features.flatMap(({ pkg }) =>
    ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'].flatMap((key) =>
      Object.keys((pkg[key] ?? {}) as JsonObject),
    ),
  );
  return new Set([...names, ...Object.keys(catalog.kit.dependencies)]);
}

function reasonsAgainst(name: string, dependencies: ReadonlySet<string>): string[] {
  const shown = JSON.stringify(name.length > 60 ? `${name.slice(0, 57)}...` : name);
  if (name === '') return ['The project name is empty.'];
  if (!VALID.test(name) || name.length > MAX_LENGTH) return shapeReasons(name, shown);
  if (DEVICE.test(name)) return [`${shown} is a device name on Windows, so no folder can have it.`];
  if (RESERVED.has(name)) return [`${shown} is a name reserved by Node.js.`];
  if (dependencies.has(name)) {
    return [`${shown} is the name of a package that the project may depend on.`];
  }
  const { errors = [], warnings = [] } = validateNpmName(name);
  return [...errors, ...warnings].map(
    (reason) => `${shown} is not a valid package name: ${reason}.`,
  );
}

/** What exactly is wrong with a name that is no DNS label. */
function shapeReasons(name: string, shown: string): string[] {
  const reasons: string[] = [];
  if (name.length > MAX_LENGTH) {
    reasons.push(
      `The project name has ${name.length} characters; at most ${MAX_LENGTH} are allowed, so that it also ` +
        'works for containers, Kubernetes and Fly.',
    );
  }
  const rest = name.length > MAX_LENGTH ? name.slice(0, MAX_LENGTH).replace(/-+$/, '') : name;
  if (VALID.test(rest)) return reasons;
  const detail = shapeDetail(name);
  reasons.push(
    `${shown} cannot be a project name: ${detail}. ` +
      'Use lower-case letters, digits and single dashes, starting with a letter.',
  );
  return reasons;
}

function shapeDetail(name: string): string {
  if (name.startsWith('@')) return 'it has a scope';
  if (/(?:^|[\\/])\.\.?(?:[\\/]|$)/.test(name)) return 'it points to another folder';
  if (/[\\/]/.test(name)) return 'it has a slash';
  if (name.startsWith('.')) return 'it starts with a dot';
  if (name.endsWith('.')) return 'it ends with a dot';
  if (name.startsWith('-')) return 'it starts with a dash';
  if (name.endsWith('-')) return 'it ends with a dash';
  if (/\s/.test(name)) return 'it has a space';
  if (/^\d/.test(name)) return 'it starts with a digit';
  if (name.includes('--')) return 'it has two dashes in a row';
  const odd = [...new Set(name.replace(/[a-zA-Z0-9-]/g, ''))].slice(0, 3);
  if (odd.length > 0) return `it has ${odd.map((char) => JSON.stringify(char)).join(', ')}`;
  return 'it has upper-case letters';
}
