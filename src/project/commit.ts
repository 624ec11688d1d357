import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileSystemError } from '../apply/fs-error.js';

/** `create` never replaces a file, `replace` swaps an existing one in one step. Paths are absolute. */
export type Change =
  | { readonly mode: 'create' | 'replace'; readonly file: string; readonly contents: string }
  | { readonly mode: 'remove'; readonly file: string };

/**
 * Makes all changes, or none. Synchronous: a signal that has a listener arrives before or after it, never in between.
 * @throws CliError for file system failures; then everything is as it was.
 */
export function commit(changes: readonly Change[]): void {
  const undo: (() => void)[] = [];
  let current = '';
  try {
    for (const change of changes) {
      current = change.file;
      if (change.mode === 'create') create(change.file, change.contents, undo);
    }
    // Last, because a replaced file is not taken back: until here nothing that existed has changed.
    for (const change of changes) {
      current = change.file;
      if (change.mode === 'replace') replace(change.file, change.contents, undo);
    }
    // What is replaced no longer needs these: one that stays is no harm.
    for (const change of changes) {
      current = change.file;
      if (change.mode === 'remove') rmSync(change.file, { force: true });
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
