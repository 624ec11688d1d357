import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileSystemError } from '../apply/fs-error.js';
import type { Catalog } from '../catalog/types.js';
import { CliError, ExitCode } from '../errors.js';
import { isObject } from '../is-object.js';
import type { JsonObject, Manifest, PlannedFile } from '../model.js';
import { KIT_FOLDER, MissingKitFile, vendor } from '../plan/kit.js';
import { formatManifest, MANIFEST_PATH, sha256 } from '../plan/manifest.js';
import { type Change, commit } from '../project/commit.js';
import { LOCK_PATH, withLock } from '../project/lock.js';
import { findProject, readIfPresent } from '../project/project.js';
import { didYouMean } from '../text/did-you-mean.js';

export interface SyncKitOptions {
  /** Somewhere in the project. */
  readonly cwd: string;
  readonly catalog: Catalog;
  /** Of this program. */
  readonly version: string;
  /** Says what would change, and changes nothing. */
  readonly check: boolean;
  /** Removes files that nothing reaches, except those that were edited. */
  readonly prune: boolean;
}

/** Paths are relative to the project, sorted. */
export interface SyncedKit {
  readonly packageManager: string;
  /** How many files of the kit the project has afterwards. */
  readonly count: number;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Files that nothing reaches and that are still there. */
  readonly unreached: readonly string[];
  /** Files that are not as mcp-gen wrote them. */
  readonly edited: readonly string[];
  /** Packages that the new files import, by name, with their versions; new in `package.json`. */
  readonly packages: Readonly<Record<string, string>>;
}

const PACKAGE_PATH = 'package.json';

/**
 * Brings `src/kit/` in line with what the project's own files import: adds the files of the kit that they newly reach, and the
 * packages that those import; all of it or nothing. No file is overwritten.
 * @throws {UsageError} outside of a project
 * @throws {CliError} when another version made the project, a file imports what the kit has not, or `package.json` cannot be read
 */
export async function syncKit(options: SyncKitOptions): Promise<SyncedKit> {
  const { root, manifest } = findProject(options.cwd);
  if (manifest.generator !== options.version) throw wrongVersion(manifest, options.version);
  try {
    if (options.check) return changesFor(root, manifest, options).report;
    return await withLock(path.join(root, LOCK_PATH), () => {
      const { changes, report } = changesFor(root, manifest, options);
      commit(changes);
      return report;
    });
  } catch (error) {
    throw fileSystemError(error, root);
  }
}

interface Outcome {
  readonly changes: readonly Change[];
  readonly report: SyncedKit;
}

function changesFor(
  root: string,
  manifest: Manifest,
  { catalog: { kit }, prune }: SyncKitOptions,
): Outcome {
  const sources = ['src', 'test'].flatMap((folder) => sourcesIn(root, folder));
  const isOurs = ({ path: file, contents }: PlannedFile) =>
    manifest.files[file] === hashOf(contents);
  const inKit = sources.filter(({ path: file }) => file.startsWith(KIT_FOLDER));
  const known = inKit.filter(({ path: file }) => file in manifest.files);
  const edited = known.filter((file) => !isOurs(file));
  // What is as we wrote it imports what the kit says; the rest may import more.
  const vendored = vendorFor(kit, [
    ...sources.filter((file) => !inKit.includes(file)),
    ...inKit.filter((file) => !known.includes(file)),
    ...edited,
  ]);
  const reached = new Map(vendored.files.map((file) => [file.path, file]));
  const present = new Set(inKit.map(({ path: file }) => file));
  const added = vendored.files.filter(({ path: file }) => !present.has(file));
  const unreached = known.filter((file) => isOurs(file) && !reached.has(file.path));
  const pkg = withPackages(root, added.length > 0 ? vendored.pkg : {});

  const absolute = (file: string) => path.join(root, file);
  const changes: Change[] = added.map(({ path: file, contents }) => ({
    file: absolute(file),
    contents: String(contents),
    mode: 'create',
  }));
  if (Object.keys(pkg.added).length > 0) {
    changes.push({ file: absolute(PACKAGE_PATH), contents: pkg.text, mode: 'replace' });
  }
  const removed = prune ? unreached : [];
  if (added.length > 0 || removed.length > 0) {
    const contents = formatManifest(withFiles(manifest, added, removed));
    changes.push({ file: absolute(MANIFEST_PATH), contents, mode: 'replace' });
  }
  changes.push(...removed.map((file): Change => ({ file: absolute(file.path), mode: 'remove' })));
  const report: SyncedKit = {
    packageManager: manifest.spec.packageManager,
    count: present.size + added.length - removed.length,
    added: pathsOf(added),
    removed: pathsOf(removed),
    unreached: prune ? [] : pathsOf(unreached),
    edited: pathsOf(edited),
    packages: pkg.added,
  };
  return { changes, report };
}

/** The project's TypeScript below `folder`. Links are not followed. */
function sourcesIn(root: string, folder: string): PlannedFile[] {
  const below = path.join(root, folder);
  if (!existsSync(below)) return [];
  return readdirSync(below, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => ({
      path: path.relative(root, file).replaceAll(path.sep, '/'),
      contents: readIfPresent(file) ?? '',
      origin: 'the project',
      policy: 'seed',
    }));
}

function vendorFor(kit: Catalog['kit'], files: readonly PlannedFile[]) {
  try {
    return vendor(kit, files);
  } catch (error) {
    if (!(error instanceof MissingKitFile)) throw error;
    const meant = didYouMean(error.path, Object.keys(kit.files));
    throw new CliError(ExitCode.failed, [
      {
        message: `${error.importer} imports ${error.specifier}, and the kit has no ${error.path}.`,
        hint: `${meant ? `Did you mean ${meant}? ` : ''}Nothing was changed.`,
      },
    ]);
  }
}

/** `package.json` with the packages that it lacks. A version that the owner chose stays. */
function withPackages(root: string, wanted: JsonObject) {
  const text = readIfPresent(path.join(root, PACKAGE_PATH));
  const content = parsePackage(text);
  const dependencies = { ...group(content, 'dependencies') };
  const devDependencies = { ...group(content, 'devDependencies') };
  const added: Record<string, string> = {};
  for (const [name, version] of Object.entries(group(wanted, 'dependencies'))) {
    if (name in dependencies) continue;
    dependencies[name] = added[name] = devDependencies[name] ?? version;
    // What runs needs it now, not only what tests.
    delete devDependencies[name];
  }
  for (const [name, version] of Object.entries(group(wanted, 'devDependencies'))) {
    if (name in dependencies || name in devDependencies) continue;
    devDependencies[name] = added[name] = version;
  }
  const groups = { dependencies: sorted(dependencies), devDependencies: sorted(devDependencies) };
  const indent = /^[\t ]+(?=")/m.exec(text ?? '')?.[0] ?? 2;
  return { text: `${JSON.stringify({ ...content, ...groups }, null, indent)}\n`, added };
}

function parsePackage(text: string | null): JsonObject {
  try {
    const value: unknown = JSON.parse(text ?? '');
    if (isObject(value)) return value;
  } catch {
    // Not JSON, or not there: the message below says so.
  }
  throw new CliError(ExitCode.failed, [
    {
      message: `${PACKAGE_PATH} of the project is ${text === null ? 'missing' : 'not JSON'}.`,
      hint: 'Restore it from version control. Nothing was changed.',
    },
  ]);
}

function group(content: JsonObject, key: string): Readonly<Record<string, string>> {
  const value = content[key];
  return isObject(value) ? (value as Record<string, string>) : {};
}

/** As package managers sort them. */
function sorted(packages: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function withFiles(
  manifest: Manifest,
  added: readonly PlannedFile[],
  removed: readonly PlannedFile[],
): Manifest {
  const hashes = new Map(Object.entries(manifest.files));
  for (const file of removed) hashes.delete(file.path);
  for (const file of added) hashes.set(file.path, hashOf(file.contents));
  const files = [...hashes].sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...manifest, files: Object.fromEntries(files) };
}

/** A checkout on Windows may have CRLF: that is no edit. */
function hashOf(contents: string | Uint8Array): string {
  return sha256(String(contents).replaceAll('\r\n', '\n'));
}

function pathsOf(files: readonly PlannedFile[]): string[] {
  return files.map((file) => file.path).sort();
}

function wrongVersion({ generator }: Manifest, version: string): CliError {
  return new CliError(ExitCode.failed, [
    {
      message: `The kit of this project is of version ${generator}, and this is mcp-gen ${version}: their files do not go together.`,
      hint: `Run npx --package create-mcp-server@${generator} mcp-gen kit. Nothing was changed.`,
    },
  ]);
}
