import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, inject } from 'vitest';

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What stands on standard input; default: nothing. */
  readonly input?: string;
  readonly program?: 'create' | 'gen';
  /** Run as another user. */
  readonly uid?: number;
}

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** A running program; `result` resolves when it has ended. */
export interface RunningCli {
  readonly child: ChildProcess;
  readonly result: Promise<CliResult>;
}

/** Variables of the machine and the test runner that a person's shell would not have. */
const FOREIGN = /^(CI|NO_COLOR|FORCE_COLOR|VITEST.*|NODE_OPTIONS|NODE_ENV|npm_.*|GIT_.*)$/i;

/** Starts the packed program without a terminal. */
export function startCli(args: readonly string[], options: CliOptions): RunningCli {
  const packed = inject('packed');
  const started = performance.now();
  const child = spawn(process.execPath, [packed[options.program ?? 'create'], ...args], {
    cwd: options.cwd,
    env: cleanEnv(options.env),
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const result = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr, ms: performance.now() - started });
    });
  });
  return { child, result };
}

/** Runs the packed program without a terminal to its end. */
export function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  return startCli(args, options).result;
}

/** The environment of a plain shell on this machine. */
export function cleanEnv(extra: CliOptions['env'] = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
  return { ...Object.fromEntries(kept), ...extra };
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder that goes away with the test file. There is a space in its path. */
export function temporaryFolder(prefix = 'create mcp '): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), prefix)));
  folders.push(folder);
  return folder;
}
