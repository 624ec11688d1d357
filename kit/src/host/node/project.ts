import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder of the project: the nearest one above this file with a `package.json`. It is the same from `src/` and from `dist/`.
 * The bundle moves code between files: nothing else may look for a file beside its own.
 */
export const PROJECT = projectAbove(dirname(fileURLToPath(import.meta.url)));

function projectAbove(folder: string): string {
  if (existsSync(join(folder, 'package.json')) || dirname(folder) === folder) return folder;
  return projectAbove(dirname(folder));
}

/** Loads the project's `.env`, when there is one. Variables that are already set win. */
export function loadEnvFile(): void {
  const file = join(PROJECT, '.env');
  if (existsSync(file)) process.loadEnvFile(file);
}
