import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { outputFileSync, removeSync } from 'fs-extra/esm';
import type { Plan, PlannedFile } from '../model.js';
import { filesToAdd } from './conflicts.js';
import { fileSystemError } from './fs-error.js';
import { LOCAL_ENV } from './local-env.js';
import { lstat, type Target } from './target.js';

export interface Applied {
  /** False when the directory had a `.env` of its own, which stays as it was. */
  readonly wroteLocalEnv: boolean;
}

/**
 * Writes a plan, all or nothing. A new directory is filled under another name beside its place and then renamed;
 * into an existing one, finished files are moved one by one and taken back if one of them fails. Synchronous, so
 * that a signal arrives before or after it, never in the middle.
 *
 * @param localEnv text of the `.env` (mode 0600), or null
 * @throws CliError (exit code 1) for conflicts and file system failures; then nothing of ours is left.
 */
export function applyPlan(plan: Plan, target: Target, localEnv: string | null): Applied {
  return target.exists
    ? addToDirectory(plan, target.directory, localEnv)
    : createDirectory(plan, target.directory, localEnv);
}

function createDirectory(plan: Plan, directory: string, localEnv: string | null): Applied {
  const undo: (() => void)[] = [];
  try {
    makeDirectory(path.dirname(directory), undo);
    const staging = path.join(path.dirname(directory), stagingName());
    undo.push(() => removeSync(staging));
    mkdirSync(staging);
    writeFiles(staging, [...plan.values()], localEnv);
    renameSync(staging, directory);
  } catch (error) {
    undoAll(undo);
    throw fileSystemError(error, directory);
  }
  return { wroteLocalEnv: localEnv !== null };
}

function addToDirectory(plan: Plan, directory: string, localEnv: string | null): Applied {
  const files = filesToAdd(plan, directory);
  const newEnv = lstat(path.join(directory, LOCAL_ENV)) === null ? localEnv : null;
  // Inside the target: the parent may be read-only or on another disk (a mounted volume, a home directory).
  const staging = path.join(directory, stagingName());
  const undo: (() => void)[] = [];
  try {
    mkdirSync(staging);
    writeFiles(staging, files, newEnv);
    const paths = files.map((file) => file.path);
    for (const relative of newEnv === null ? paths : [...paths, LOCAL_ENV]) {
      const destination = path.join(directory, relative);
      makeDirectory(path.dirname(destination), undo);
      renameSync(path.join(staging, relative), destination);
      undo.push(() => rmSync(destination));
    }
  } catch (error) {
    undoAll(undo);
    throw fileSystemError(error, directory);
  } finally {
    removeSync(staging);
  }
  return { wroteLocalEnv: newEnv !== null };
}

function writeFiles(root: string, files: readonly PlannedFile[], localEnv: string | null): void {
  for (const { path: relative, contents } of files) {
    outputFileSync(path.join(root, relative), contents, { flag: 'wx' });
  }
  if (localEnv !== null) {
    outputFileSync(path.join(root, LOCAL_ENV), localEnv, { flag: 'wx', mode: 0o600 });
  }
}

/** Makes a directory and its missing parents, and remembers how to take each of them back. */
function makeDirectory(directory: string, undo: (() => void)[]): void {
  const missing: string[] = [];
  let current = directory;
  while (lstat(current) === null) {
    missing.unshift(current);
    current = path.dirname(current);
  }
  for (const one of missing) {
    mkdirSync(one);
    undo.push(() => rmdirSync(one));
  }
}

function undoAll(undo: readonly (() => void)[]): void {
  for (const step of undo.toReversed()) {
    try {
      step();
    } catch {
      // Another process put something there: it is not ours to remove.
    }
  }
}

function stagingName(): string {
  return `.mcp-gen-${randomBytes(6).toString('hex')}`;
}
