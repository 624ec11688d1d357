import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError, ExitCode } from '../errors.js';

/** Where a project has its lock. */
export const LOCK_PATH = '.mcp-gen.lock';

/** Adding takes milliseconds; a holder that needs longer than this is gone, whatever its process id says. */
const STALE_MS = 60_000;
const WAIT_MS = 5_000;

/**
 * Runs `work` while holding a lock file, so that a second run waits for the first. A lock left behind by a process
 * that died is taken over.
 * @throws CliError when another process holds the lock for longer than `waitMs`.
 */
export async function withLock<T>(file: string, work: () => T, waitMs = WAIT_MS): Promise<T> {
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() });
  const end = Date.now() + waitMs;
  while (!acquire(file, mine)) {
    const holder = read(file);
    if (holder !== null && isStale(file, holder)) takeOver(file, holder);
    else if (Date.now() > end) throw held(file, holder);
    else await sleep(20 + Math.random() * 30);
  }
  try {
    return work();
  } finally {
    if (read(file) === mine) rmSync(file, { force: true });
  }
}

function acquire(file: string, mine: string): boolean {
  try {
    writeFileSync(file, mine, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** The process is gone (only known on its own machine), or it has held the lock for far too long. */
function isStale(file: string, holder: string): boolean {
  const { pid, host } = parseHolder(holder);
  if (pid !== undefined && host === hostname() && !isAlive(pid)) return true;
  const modified = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return modified !== undefined && Date.now() - modified > STALE_MS;
}

/**
 * Moves a stale lock away. Another process may have done that, and locked, since we looked: then what we moved is its
 * lock and goes back.
 */
function takeOver(file: string, holder: string): void {
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (read(aside) === holder) rmSync(aside, { force: true });
  else renameSync(aside, file);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function parseHolder(holder: string): { pid?: number; host?: string } {
  try {
    return JSON.parse(holder);
  } catch {
    return {};
  }
}

function held(file: string, holder: string | null): CliError {
  const pid = parseHolder(holder ?? '').pid;
  return new CliError(ExitCode.failed, [
    {
      message: `Another run of mcp-gen${pid === undefined ? '' : ` (process ${pid})`} is changing this project.`,
      hint: `Wait for it and try again. If none is running, remove ${path.basename(file)} from the project.`,
    },
  ]);
}
