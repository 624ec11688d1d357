import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { killLeftovers, leftoverProcesses } from '../process/leftover-processes.js';
import { oneLine } from './recorder.js';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const LOG_LINES = 40;
const LOG_LINE_LENGTH = 1000;
/** Longer lines without an end are not collected; the same limit as the SDK's own stdio transport. */
const MAX_LINE = 10 * 1024 * 1024;
/** How long helpers of a server may outlive it. */
const GRACE_MS = 500;

const running = new Set<ServerProcess>();
let guarded = false;

/**
 * A server started the way a client starts it: `node <script>` in its own process group, so that everything it starts
 * can be found and ended. Never throws after construction; a program that cannot be started shows as an exit.
 */
export class ServerProcess {
  readonly exit: Promise<Exit>;
  /** Set once the server has ended. */
  exited: Exit | null = null;
  /** Called with each complete line of stdout, without its end. */
  onLine: ((line: string) => void) | null = null;
  /** Called with each line of other output. */
  onLog: ((line: string) => void) | null = null;
  readonly #child: ChildProcess;
  readonly #marker = randomUUID();
  readonly #log: string[] = [];
  #stdoutRest = '';
  #closed: Promise<void>;

  constructor(
    script: string,
    options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  ) {
    this.#child = spawn(process.execPath, [script], {
      cwd: options.cwd,
      env: { ...options.env, MCP_GEN_SMOKE: this.#marker },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    running.add(this);
    guardExit();
    this.exit = new Promise((resolve) => {
      const end = (exit: Exit) => {
        this.exited ??= exit;
        resolve(this.exited);
      };
      this.#child.once('exit', (code, signal) => end({ code, signal }));
      this.#child.once('error', (error) => {
        this.log(error.message);
        end({ code: null, signal: null });
      });
    });
    this.#closed = new Promise((resolve) => this.#child.once('close', () => resolve()));
    this.#collect();
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  /** The last lines that the server wrote. */
  get output(): string {
    return this.#log.join('\n');
  }

  /** What stands on stdout after the last line end. */
  get unfinishedLine(): string {
    return this.#stdoutRest;
  }

  log(line: string): void {
    this.onLog?.(line);
    this.#log.push(line.slice(0, LOG_LINE_LENGTH));
    if (this.#log.length > LOG_LINES) this.#log.shift();
  }

  /** Writes to the server's stdin. Resolves when it may be written again. */
  write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#child.stdin?.write(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  closeStdin(): void {
    this.#child.stdin?.end();
  }

  terminate(): void {
    this.#child.kill('SIGTERM');
  }

  /** Waits until the server has ended and its output has been read; a helper that holds the pipes does not block it. */
  async ended(): Promise<Exit> {
    const exit = await this.exit;
    await Promise.race([this.#closed, sleep(GRACE_MS, undefined, { ref: false })]);
    return exit;
  }

  /** Processes that the ended server has left behind, one description each; empty where the system cannot tell. */
  async leftovers(): Promise<string[]> {
    const deadline = performance.now() + GRACE_MS;
    for (;;) {
      const found = this.pid === null ? [] : leftoverProcesses(this.pid, this.#marker);
      if (found.length === 0 || performance.now() > deadline) {
        return found.map((one) => `${one.command} (pid ${one.pid})`);
      }
      await sleep(25);
    }
  }

  /** Ends the server and everything it started, now. Safe to call at any time, also twice. */
  async kill(): Promise<void> {
    this.killNow();
    await Promise.race([this.exit, sleep(2000, undefined, { ref: false })]);
    this.#child.stdin?.destroy();
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    running.delete(this);
  }

  /** The synchronous part of `kill`, for the end of our own process. */
  killNow(): void {
    if (this.pid === null) return;
    if (this.exited === null) this.#child.kill('SIGKILL');
    killLeftovers(this.pid, this.#marker);
  }

  /** How the server exited, in words; null while it runs. */
  exitReason(): string | null {
    return this.exited === null ? null : describeExit(this.exited);
  }

  #collect(): void {
    const { stdin, stdout, stderr } = this.#child;
    // The server may end before it has read everything: that shows as its exit.
    stdin?.on('error', () => {});
    stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (this.#stdoutRest + chunk).split('\n');
      this.#stdoutRest = (lines.pop() ?? '').slice(0, MAX_LINE);
      for (const line of lines) {
        if (this.onLine === null) this.log(line);
        else this.onLine(line.replace(/\r$/, ''));
      }
    });
    let rest = '';
    stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = (lines.pop() ?? '').slice(0, LOG_LINE_LENGTH);
      for (const line of lines) this.log(line);
    });
    stderr?.on('end', () => {
      if (rest !== '') this.log(rest);
    });
  }
}

/** "the server exited with code 1" and the like. */
export function describeExit(exit: Exit): string {
  if (exit.signal !== null) return `the server was killed by ${exit.signal}`;
  if (exit.code === null) return 'the server could not be started';
  return oneLine(`the server exited with code ${exit.code}`);
}

function guardExit(): void {
  if (guarded) return;
  guarded = true;
  process.once('exit', () => {
    for (const server of running) server.killNow();
  });
}
