/** `.mcp-gen.json`: what a project was made from. */
import { createHash } from 'node:crypto';
import type { Catalog } from '../catalog/types.js';
import type { Manifest, PlannedFile, ProjectSpec } from '../model.js';
import { toExternalSpec } from '../project-spec/external.js';

export const MANIFEST_PATH = '.mcp-gen.json';

/** The manifest of a project: what made it, from which answers, and the hash of every file. */
export function createManifest(
  catalog: Catalog,
  spec: ProjectSpec,
  generator: string,
  files: Iterable<PlannedFile>,
): Manifest {
  const hashes = [...files].map(({ path, contents }) => [path, sha256(contents)] as const);
  return {
    generator,
    spec: toExternalSpec(spec, catalog),
    files: Object.fromEntries(hashes),
  };
}

/** Hexadecimal. Text counts as UTF-8. */
export function sha256(contents: string | Uint8Array): string {
  return createHash('sha256').update(contents).digest('hex');
}

/** As a formatter leaves it: two spaces, and short lists on one line. */
export function formatManifest(manifest: Manifest): string {
  const text = JSON.stringify(manifest, null, 2);
  return `${text.replace(/\[\s+([^[\]{}]*?)\s+\]/g, (_, list: string) => `[${list.replace(/,\s+/g, ', ')}]`)}\n`;
}
