import { lstatSync, readdirSync, readlinkSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import { CliError, ExitCode } from '../errors.js';
import { fileSystemError } from './fs-error.js';

/** What an empty directory may contain: version control, editor settings, desktop files, a licence. */
const HARMLESS =
  /^(\.git|\.hg|\.svn|\.gitkeep|\.keep|\.gitattributes|\.idea|\.vscode|\.DS_Store|Thumbs\.db|desktop\.ini|LICEN[CS]E(\.\w+)?)$/i;

const LISTED = 8;

/** Where a project goes. `existing` directories are added to, a missing one appears at once, complete. */
export interface Target {
  readonly directory: string;
  readonly exists: boolean;
}

/**
 * Inspects the target directory and changes nothing. A directory counts as empty when it contains only version control,
 * editor folders or a licence.
 *
 * @param force whether a directory may hold something; `never`: the command has no flag for it
 * @throws CliError (exit code 1) for a file, a symbolic link, a path below a file, and without `force` for a
 * directory that is not empty.
 */
export function inspectTarget(directory: string, force: boolean | 'never'): Target {
  const stats = lstat(directory);
  if (stats === null) {
    checkAncestors(directory);
    return { directory, exists: false };
  }
  if (stats.isSymbolicLink()) {
    throw refusal(
      `${directory} is a symbolic link to ${readlinkSync(directory)}.`,
      'Use the real directory; links are not followed.',
    );
  }
  if (!stats.isDirectory()) {
    throw refusal(
      `${directory} exists and is not a directory.`,
      'Choose another directory, or move it away.',
    );
  }
  const entries = list(directory).filter((entry) => !HARMLESS.test(entry));
  if (entries.length > 0 && force !== true) {
    throw refusal(
      `${directory} is not empty. It contains ${summarise(entries)}.`,
      force === 'never'
        ? 'Choose another directory.'
        : 'Choose another directory, or use --force to add to this one (no file is overwritten).',
    );
  }
  return { directory, exists: true };
}

/** A list for a sentence: the first few names and how many more there are. */
export function summarise(names: readonly string[]): string {
  const shown = names.slice(0, LISTED).join(', ');
  return names.length > LISTED ? `${shown} and ${names.length - LISTED} more` : shown;
}

/** `lstat`, with null for a path that does not exist. */
export function lstat(file: string): Stats | null {
  try {
    return lstatSync(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw fileSystemError(error, file);
  }
}

function checkAncestors(directory: string): void {
  let ancestor = path.dirname(directory);
  while (lstat(ancestor) === null && ancestor !== path.dirname(ancestor)) {
    ancestor = path.dirname(ancestor);
  }
  if (statSync(ancestor, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw refusal(`${ancestor} is not a directory.`, 'Choose a directory below an existing one.');
  }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    throw fileSystemError(error, directory);
  }
}

function refusal(message: string, hint: string): CliError {
  return new CliError(ExitCode.failed, [{ message, hint }]);
}
