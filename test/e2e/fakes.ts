/** Package managers that do in milliseconds what a test needs: hang, fail, or succeed. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The file, in the test's folder, to which the fakes write the ids of all processes that they start. */
const PIDS = 'pids';

/** Ignores SIGTERM, as a stubborn install script does, and has a grandchild in another process group. */
const hang = (pidFile: string): string => `
  const grandchild = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'],
    { stdio: 'inherit', detached: true });
  fs.appendFileSync(${JSON.stringify(pidFile)}, process.pid + '\\n' + grandchild.pid + '\\n');
  process.on('SIGTERM', () => {});
  process.on('SIGINT', () => {});
  console.log('hanging');
  setInterval(() => {}, 1000);`;

/** A server that never answers, in the place of a built one. */
const hangingServer = (pidFile: string): string =>
  `import fs from 'node:fs'; import { spawn } from 'node:child_process';${hang(pidFile)}`;

export type Behaviour =
  | 'ok'
  | 'hang'
  | { readonly fail: string; readonly lines?: number }
  | 'build-hanging-server';

/**
 * Puts a program in `folder` that behaves as told for `install` and for `run build`; returns the environment to find
 * it. Nothing else is on the PATH but node and the programs in `also`.
 */
export function fakeManager(
  folder: string,
  behaviour: {
    readonly install?: Behaviour;
    readonly verify?: Behaviour;
    readonly build?: Behaviour;
    readonly name?: string;
  },
  also: readonly string[] = [],
): Record<string, string> {
  const bin = path.join(folder, 'fake-bin');
  mkdirSync(bin, { recursive: true });
  const pidFile = path.join(folder, PIDS);
  const script = `#!${process.execPath}
const fs = require('node:fs');
const { spawn } = require('node:child_process');
fs.writeFileSync(${JSON.stringify(path.join(folder, 'fake-env.json'))}, JSON.stringify(process.env));
if (process.argv.includes('build')) { ${code(behaviour.build ?? 'ok', pidFile)} }
else if (process.argv.includes('ci')) { ${code(behaviour.verify ?? 'ok', pidFile)} }
else { ${code(behaviour.install ?? 'ok', pidFile)} }
`;
  const program = path.join(bin, behaviour.name ?? 'npm');
  writeFileSync(program, script);
  chmodSync(program, 0o755);
  return { PATH: pathWith(bin, ['node', ...also]) };
}

/** A PATH on which only these programs are, beside what is in `bin` already. */
export function pathWith(bin: string, programs: readonly string[]): string {
  mkdirSync(bin, { recursive: true });
  for (const program of programs) {
    const real = program === 'node' ? process.execPath : which(program);
    if (!existsSync(path.join(bin, program))) symlinkSync(real, path.join(bin, program));
  }
  return bin;
}

/** The environment that the fake program saw. */
export function seenEnv(folder: string): Record<string, string> {
  return JSON.parse(readFileSync(path.join(folder, 'fake-env.json'), 'utf8'));
}

/** Waits until a hanging fake and its grandchild run; returns their ids. */
export async function hangingPids(folder: string): Promise<number[]> {
  const file = path.join(folder, PIDS);
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    const pids = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
    if (pids.length >= 2) return pids;
    await sleep(20);
  }
  throw new Error('The fake program was never started.');
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A zombie has ended; only nobody has asked for its exit code yet.
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'latin1') : '';
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
}

function code(behaviour: Behaviour, pidFile: string): string {
  if (behaviour === 'ok') return '';
  if (behaviour === 'hang') return hang(pidFile);
  if (behaviour === 'build-hanging-server') {
    const server = JSON.stringify(hangingServer(pidFile));
    return `fs.mkdirSync('dist', { recursive: true });
      for (const file of ['dist/stdio.js', 'dist/http.js']) fs.writeFileSync(file, ${server});`;
  }
  const { fail, lines = 1 } = behaviour;
  return `for (let i = 1; i <= ${lines}; i++) console.error(${JSON.stringify(fail)} + ' ' + i); process.exit(7);`;
}

function which(program: string): string {
  const found = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, program))
    .find((file) => existsSync(file));
  if (found === undefined) throw new Error(`${program} is not on this machine.`);
  return found;
}
