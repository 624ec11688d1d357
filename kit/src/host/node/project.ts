import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
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

/** New in Node.js 22. @see https://nodejs.org/api/module.html#module-compile-cache */
interface CompileCache {
  enableCompileCache?(folder: string): unknown;
}

/**
 * Keeps the compiled code of what is loaded from now on for the next start. It lies beside the code, not in the folder for
 * temporary files, where others could put something else; where that cannot be written, nothing is kept.
 */
export function enableCompileCache(): void {
  (module as CompileCache).enableCompileCache?.(join(PROJECT, 'dist/compiled'));
}

const write = process.stdout.write.bind(process.stdout);

/**
 * Keeps stdout for the protocol: from now on whatever the program or a dependency prints goes to stderr. Call it before anything else
 * is loaded.
 */
export function protectStdout(): void {
  process.stdout.write = process.stderr.write.bind(process.stderr);
}

/** The real stdout, for the transport alone. */
export const protocolOutput = new Writable({
  write(chunk, encoding, done) {
    write(chunk, encoding, done);
  },
});
