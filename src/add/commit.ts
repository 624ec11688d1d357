import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileSystemError } from '../apply/fs-error.js';

export interface Change {
  /** Absolute. */
  readonly file: string;
  readonly contents: string;
  /** `create` never replaces a file, `replace` swaps an existing one in one step. */
  readonly mode: 'create' | 'replace';
}

/**
 * Makes all changes, or none. Synchronous: a signal that has a listener arrives before or after it, never in between.
 * @throws CliError for file system failures; then everything is as it was.
 */
export function commit(changes: readonly Change[]): void {
  const undo: (() => void)[] = [];
  let current = '';
  try {
    for (const { file, contents, mode } of changes) {
      current = file;
      if (mode === 'create') create(file, contents, undo);
    }
    // Last, because a replaced file is not taken back: until here nothing that existed has changed.
    for (const { file, contents, mode } of changes) {
      current = file;
      if (mode === 'replace') replace(file, contents, undo);
    }
  } catch (error) {
    for (const step of undo.toReversed()) {
      try {
        step();
      } catch {
        // Another process put something there: it is not ours to remove.
      }
    }
    throw fileSystemError(error, current);
  }
}

function create(file: string, contents: string, undo: (() => void)[]): void {
  const first = mkdirSync(path.dirname(file), { recursive: true });
  if (first) undo.push(() => removeEmptyUpTo(path.dirname(file), first));
  writeFileSync(file, contents, { flag: 'wx' });
  undo.push(() => rmSync(file, { force: true }));
}

function replace(file: string, contents: string, undo: (() => void)[]): void {
  const temporary = `${file}.${randomBytes(4).toString('hex')}.tmp`;
  undo.push(() => rmSync(temporary, { force: true }));
  writeFileSync(temporary, contents, { flag: 'wx', mode: statSync(file).mode });
  renameSync(temporary, file);
}

/** Removes directories that we made, from `directory` up to and including `first`, as far as they are empty. */
function removeEmptyUpTo(directory: string, first: string): void {
  for (let current = directory; current.length >= first.length; current = path.dirname(current)) {
    rmdirSync(current);
  }
}
