import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CliError, ExitCode, UsageError } from '../errors.js';
import { MANIFEST_PATH } from '../plan/manifest.js';

export interface GeneratedProject {
  readonly root: string;
  readonly packageManager: string;
}

/**
 * Finds the generated project that `directory` is in.
 * @throws UsageError when there is none, CliError when its manifest is unreadable.
 */
export function findProject(directory: string): GeneratedProject {
  for (let root = path.resolve(directory); ; root = path.dirname(root)) {
    const text = readIfPresent(path.join(root, MANIFEST_PATH));
    if (text !== null)
      return { root, packageManager: packageManagerOf(text, path.join(root, MANIFEST_PATH)) };
    if (path.dirname(root) === root) break;
  }
  throw new UsageError([
    {
      message: `${directory} is not in a project made by create-mcp-server: no ${MANIFEST_PATH} here or above.`,
      hint: 'Change to the folder of your server, or make one with create-mcp-server.',
    },
  ]);
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

function packageManagerOf(text: string, file: string): string {
  try {
    const manager: unknown = JSON.parse(text).spec.packageManager;
    if (typeof manager === 'string') return manager;
  } catch {
    // Not JSON, or another shape: the message below says so.
  }
  throw new CliError(ExitCode.failed, [
    {
      message: `${file} is not a manifest of create-mcp-server.`,
      hint: 'Restore it from version control.',
    },
  ]);
}
