/** `package.json` of a project: the fragments of its features, merged. */
import { isObject } from '../is-object.js';
import type { JsonObject } from '../model.js';

export interface Fragment {
  /** `base`, or `axis/feature`; for messages. */
  readonly origin: string;
  readonly content: JsonObject;
}

const KEY_ORDER = [
  'name',
  'version',
  'private',
  'description',
  'license',
  'type',
  'packageManager',
  'engines',
  'bin',
  'files',
  'scripts',
  'dependencies',
  'devDependencies',
];
const SCRIPT_ORDER = ['dev', 'build', 'start', 'start:stdio', 'test', 'lint', 'typecheck', 'check'];
const DEPENDENCIES = /^(dev|peer|optional)?dependencies$/i;

/**
 * Objects merge, arrays concatenate (without repeating an entry), everything else must be the same in every fragment
 * that sets it. A package is in one of the lists. Keys come out in npm's customary order, dependencies sorted.
 * Throws an error that names both features when they disagree.
 */
export function mergePackageJson(fragments: readonly Fragment[]): JsonObject {
  const merged: Record<string, unknown> = {};
  const owners = new Map<string, string>();
  for (const { origin, content } of fragments) mergeInto(merged, content, [], origin, owners);
  return arrange(withoutTwins(merged));
}

/** What the server itself needs is there for its developers, too. */
function withoutTwins(content: Record<string, unknown>): Record<string, unknown> {
  const { dependencies, devDependencies } = content;
  if (!isObject(dependencies) || !isObject(devDependencies)) return content;
  const others = Object.entries(devDependencies).filter(
    ([name]) => !Object.hasOwn(dependencies, name),
  );
  return { ...content, devDependencies: Object.fromEntries(others) };
}

/** As npm writes it: two spaces, one newline at the end. */
export function formatPackageJson(content: JsonObject): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}

function mergeInto(
  target: Record<string, unknown>,
  source: JsonObject,
  path: readonly string[],
  origin: string,
  owners: Map<string, string>,
): void {
  for (const [key, value] of Object.entries(source)) {
    const here = [...path, key];
    const label = here.join(' → ');
    const existing = target[key];
    if (existing === undefined) {
      target[key] = structuredClone(value);
      owners.set(label, origin);
    } else if (isObject(existing) && isObject(value)) {
      mergeInto(existing, value, here, origin, owners);
    } else if (Array.isArray(existing) && Array.isArray(value)) {
      target[key] = [...new Set([...existing, ...value])];
    } else if (existing !== value) {
      throw new Error(
        `package.json: ${owner(owners, here)} and ${origin} want different values for ${label}: ` +
          `${JSON.stringify(existing)} and ${JSON.stringify(value)}.`,
      );
    }
  }
}

/** The feature that brought a value, or the object around it. */
function owner(owners: ReadonlyMap<string, string>, path: readonly string[]): string {
  for (let length = path.length; length > 0; length -= 1) {
    const found = owners.get(path.slice(0, length).join(' → '));
    if (found !== undefined) return found;
  }
  return 'another feature';
}

function arrange(content: Record<string, unknown>): JsonObject {
  const entries = Object.entries(content).map(([key, value]): [string, unknown] => {
    if (!isObject(value)) return [key, value];
    if (DEPENDENCIES.test(key)) return [key, sortKeys(value, [])];
    return [key, key === 'scripts' ? sortKeys(value, SCRIPT_ORDER, false) : value];
  });
  return sortKeys(Object.fromEntries(entries), KEY_ORDER, false);
}

/** Keys of `first` in that order, then the others: alphabetically, or as they were. */
function sortKeys(object: Record<string, unknown>, first: readonly string[], alphabetical = true) {
  const rest = Object.keys(object).filter((key) => !first.includes(key));
  if (alphabetical) rest.sort((a, b) => (a < b ? -1 : 1));
  const keys = [...first.filter((key) => key in object), ...rest];
  return Object.fromEntries(keys.map((key) => [key, object[key]]));
}
