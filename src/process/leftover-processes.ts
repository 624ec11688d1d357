import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface LeftoverProcess {
  readonly pid: number;
  readonly command: string;
}

/**
 * Living processes of a server's process group or (Linux) with the server's marker in their environment, which also
 * finds helpers that left the group. On Windows nothing is known once the parent is gone: always empty.
 */
export function leftoverProcesses(group: number, marker: string): LeftoverProcess[] {
  if (process.platform === 'linux') return fromProc(group, marker);
  if (process.platform === 'win32') return [];
  try {
    process.kill(-group, 0);
    return [{ pid: group, command: 'a process of its group' }];
  } catch {
    return [];
  }
}

/** Kills the group, and on Linux every process with the marker. Errors mean that there was nothing to kill. */
export function killLeftovers(group: number, marker: string): void {
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/pid', String(group), '/T', '/F'], { windowsHide: true });
    return;
  }
  // Twice at most: a process that was starting another one while the list was read.
  for (let round = 0; round < 2; round += 1) {
    const found = leftoverProcesses(group, marker);
    if (found.length === 0) return;
    quietly(() => process.kill(-group, 'SIGKILL'));
    for (const { pid } of found) if (pid !== group) quietly(() => process.kill(pid, 'SIGKILL'));
  }
}

function fromProc(group: number, marker: string): LeftoverProcess[] {
  const found: LeftoverProcess[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = read(`/proc/${entry}/stat`);
    // pid (name) state ppid pgrp …; the name may hold any character.
    const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === undefined || state === '' || state === 'Z' || state === 'X') continue;
    const ours =
      Number(pgrp) === group || read(`/proc/${entry}/environ`).includes(`MCP_GEN_SMOKE=${marker}`);
    if (!ours) continue;
    const command = read(`/proc/${entry}/cmdline`).split('\0').join(' ').trim();
    found.push({ pid: Number(entry), command: command || 'a process' });
  }
  return found;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function quietly(run: () => unknown): void {
  try {
    run();
  } catch {
    // Already gone.
  }
}
