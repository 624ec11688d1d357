import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;

/**
 * Ends a process that leads its own group, with all its descendants: SIGTERM, then SIGKILL for those alive after
 * `graceMs`. Resolves when all have exited. Descendants in a group of their own are found through their parents.
 */
export async function endTree(pid: number, graceMs = 1500): Promise<void> {
  if (process.platform === 'win32') return killTree(pid);
  const tree = descendants(pid);
  signalAll(pid, tree, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (Date.now() < deadline) {
    if (!isAlive(-pid) && !tree.some(isAlive)) return;
    await sleep(POLL_MS);
  }
  signalAll(pid, [...tree, ...descendants(pid)], 'SIGKILL');
}

/** The same at once and without waiting, for our own exit handler. */
export function killTree(pid: number): void {
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore' });
    return;
  }
  signalAll(pid, descendants(pid), 'SIGKILL');
}

function signalAll(leader: number, pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of [-leader, ...pids]) {
    try {
      process.kill(pid, signal);
    } catch {
      // Already gone.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function descendants(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const [pid, parent] of process.platform === 'linux' ? parentsFromProc() : parentsFromPs()) {
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found: number[] = [];
  const queue = [root];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const below = children.get(next) ?? [];
    found.push(...below);
    queue.push(...below);
  }
  return found;
}

/** Linux keeps the parent's id in field 4 of /proc/<pid>/stat; field 2 is a name that may hold spaces. */
function parentsFromProc(): [pid: number, parent: number][] {
  const pairs: [number, number][] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      pairs.push([Number(entry), Number(fields[1])]);
    } catch {
      // It ended while we looked.
    }
  }
  return pairs;
}

function parentsFromPs(): [pid: number, parent: number][] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  return (stdout ?? '')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter((pair): pair is [number, number] => pair.length === 2);
}
