import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Catalog } from '../catalog/types.js';
import { CliError, ExitCode, UsageError } from '../errors.js';
import { isObject } from '../is-object.js';
import type { Capability, Manifest } from '../model.js';
import { MANIFEST_PATH } from '../plan/manifest.js';

export interface GeneratedProject {
  readonly root: string;
  readonly manifest: Manifest;
}

/**
 * Finds the generated project that `directory` is in.
 * @throws UsageError when there is none, CliError when its manifest is unreadable or none of ours.
 */
export function findProject(directory: string): GeneratedProject {
  for (let root = path.resolve(directory); ; root = path.dirname(root)) {
    const file = path.join(root, MANIFEST_PATH);
    const text = readIfPresent(file);
    if (text !== null) return { root, manifest: parseManifest(text, file) };
    if (path.dirname(root) === root) break;
  }
  throw new UsageError([
    {
      message: `${directory} is not in a project created by create-mcp-server: no ${MANIFEST_PATH} here or in a parent directory.`,
      hint: 'Change to the directory of your server, or create one with create-mcp-server.',
    },
  ]);
}

/** Whether one of a project's choices provides a capability. Choices that this version does not know count for nothing. */
export function projectProvides(
  { spec }: Manifest,
  capability: Capability,
  catalog: Catalog,
): boolean {
  return catalog.axes.some(({ id, features }) => {
    const chosen = [spec.choices[id] ?? []].flat();
    return features.some(
      (feature) => chosen.includes(feature.id) && feature.provides.includes(capability),
    );
  });
}

/** The text of a file; null when there is none. */
export function readIfPresent(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new CliError(ExitCode.failed, [{ message: `Cannot read ${file} (${code}).` }], {
      cause: error,
    });
  }
}

function parseManifest(text: string, file: string): Manifest {
  try {
    const value: unknown = JSON.parse(text);
    if (isManifest(value)) return value;
  } catch {
    // Not JSON: the message below says so.
  }
  throw new CliError(ExitCode.failed, [
    {
      message: `${file} is not a create-mcp-server manifest.`,
      hint: 'Restore it from version control.',
    },
  ]);
}

function isManifest(value: unknown): value is Manifest {
  if (!isObject(value) || !isObject(value['spec']) || !isObject(value['files'])) return false;
  const { name, description, packageManager, choices } = value['spec'];
  const texts = [value['generator'], name, description, packageManager];
  return (
    [...texts, ...Object.values(value['files'])].every(isText) &&
    isObject(choices) &&
    Object.values(choices).every((ids) => isText(ids) || (Array.isArray(ids) && ids.every(isText)))
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
