/** What a project takes of the kit: the files that its own files reach, and the packages that those import. */
import { posix } from 'node:path';
import type { Kit } from '../catalog/types.js';
import type { JsonObject, PlannedFile } from '../model.js';
import { moduleSpecifiers, sourceOf } from '../text/module-specifiers.js';

/** Origin of the files, as `base` or `axis/feature` elsewhere. */
export const KIT_ORIGIN = 'kit';
export const KIT_FOLDER = 'src/kit/';

export interface Vendored {
  readonly files: readonly PlannedFile[];
  /** A fragment of package.json. */
  readonly pkg: JsonObject;
}

/** A file imports what the kit has not. */
export class MissingKitFile extends Error {
  readonly importer: string;

  constructor(
    { origin, path: importer }: PlannedFile,
    readonly specifier: string,
    /** Below `src/kit/`. */
    readonly path: string,
  ) {
    super(`${origin}, ${importer}: imports ${specifier}; the kit has no ${path}.`);
    this.importer = importer;
  }
}

/**
 * The part of the kit that the planned TypeScript files reach. A planned file in `src/kit/` takes the place of the
 * kit's own.
 * @throws {MissingKitFile} where they import what the kit has not
 */
export function vendor(kit: Kit, planned: readonly PlannedFile[]): Vendored {
  const paths = new Set(planned.map(({ path }) => path));
  const reached = new Set<string>();
  for (const file of planned) {
    for (const [specifier, path] of importsOfKit(file)) {
      if (paths.has(KIT_FOLDER + path)) continue;
      if (!Object.hasOwn(kit.files, path)) {
        throw new MissingKitFile(file, specifier, path);
      }
      reached.add(path);
    }
  }
  // A set that grows while it is walked.
  for (const path of reached) {
    for (const next of kit.files[path]?.imports ?? []) reached.add(next);
  }
  const files = [...reached].map((path): PlannedFile => {
    const contents = kit.files[path]?.text ?? '';
    return { path: KIT_FOLDER + path, contents, origin: KIT_ORIGIN, policy: 'managed' };
  });
  return { files, pkg: packagesOf(kit, reached) };
}

/** Each import that leads into the kit, with the path of the kit's file. */
function importsOfKit({ path, contents }: PlannedFile): (readonly [string, string])[] {
  if (!/^(?:src|test)\/.*\.ts$/.test(path)) return [];
  const text = upToLastMention(path, contents);
  return moduleSpecifiers(text)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => [specifier, posix.join(posix.dirname(path), sourceOf(specifier))] as const)
    .filter(([, target]) => target.startsWith(KIT_FOLDER))
    .map(([specifier, target]) => [specifier, target.slice(KIT_FOLDER.length)] as const);
}

/**
 * The text up to the last line that can import from the kit, and the one after it: imports stand at the top, and to read
 * all of every file would take longer than the rest of a plan (50 ms for 350 kB in a new process).
 */
function upToLastMention(path: string, contents: string | Uint8Array): string {
  const text = typeof contents === 'string' ? contents : Buffer.from(contents).toString('utf8');
  if (path.startsWith(KIT_FOLDER)) return text;
  const mention = text.lastIndexOf('kit/');
  if (mention === -1) return '';
  const end = text.indexOf('\n', text.indexOf('\n', mention) + 1);
  return end <= mention ? text : text.slice(0, end);
}

/** The part of the kit that only tests reach. */
const TESTING = 'testing/';

function packagesOf(kit: Kit, reached: ReadonlySet<string>): JsonObject {
  const packagesIn = (ofTests: boolean) =>
    [...reached]
      .filter((path) => path.startsWith(TESTING) === ofTests)
      .flatMap((path) => kit.files[path]?.packages ?? []);
  const running = new Set(packagesIn(false));
  const dependencies: Record<string, string> = {};
  const devDependencies: Record<string, string> = {};
  for (const name of new Set([...running, ...packagesIn(true)])) {
    const version = kit.dependencies[name];
    // What only tests reach is for developers.
    if (version !== undefined) (running.has(name) ? dependencies : devDependencies)[name] = version;
    const devVersion = kit.devDependencies[name];
    if (devVersion !== undefined) devDependencies[name] = devVersion;
    const types = typesOf(name);
    const typesVersion = kit.devDependencies[types];
    if (typesVersion !== undefined) devDependencies[types] = typesVersion;
  }
  return {
    ...(Object.keys(dependencies).length > 0 ? { dependencies } : {}),
    ...(Object.keys(devDependencies).length > 0 ? { devDependencies } : {}),
  };
}

/** `pg` → `@types/pg`, `@a/b` → `@types/a__b`. */
function typesOf(name: string): string {
  return `@types/${name.replace(/^@([^/]+)\//, '$1__')}`;
}
