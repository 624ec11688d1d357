import { type ChildProcess, spawn } from 'node:child_process';
import xterm from '@xterm/headless';

/** Keys as a terminal sends them. */
export const Key = {
  up: '\u001b[A',
  down: '\u001b[B',
  enter: '\r',
  space: ' ',
  escape: '\u001b',
  ctrlC: '\u0003',
  ctrlD: '\u0004',
  ctrlU: '\u0015',
} as const;

export interface TerminalOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cols?: number;
  readonly rows?: number;
}

/** What a shell prints when the command has ended: its exit code, and whether the terminal is as it was. */
const ENDED = /\[exit (\d+) (cooked|raw)\]/;

/** Variables of the machine and the test runner that a person's shell would not have. */
const FOREIGN = /^(CI|NO_COLOR|FORCE_COLOR|VITEST.*|NODE_OPTIONS|NODE_ENV|npm_.*|GIT_.*)$/i;

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * A program in a pseudo-terminal with an emulated screen. The pseudo-terminal comes from `script` (bsdutils, part of
 * every Debian), so no native module is needed.
 */
export class TestTerminal {
  /** Everything that was printed, with escape sequences. */
  raw = '';
  readonly emulator: xterm.Terminal;
  readonly #child: ChildProcess;
  readonly #closed: Promise<void>;

  constructor(command: readonly string[], options: TerminalOptions = {}) {
    const { cols = 100, rows = 40 } = options;
    this.emulator = new xterm.Terminal({ cols, rows, allowProposedApi: true, scrollback: 1000 });
    const state = "$(stty -a | grep -q -- ' -icanon' && echo raw || echo cooked)";
    // The shell survives the Ctrl-C that ends the program.
    const script = `trap : INT; stty cols ${cols} rows ${rows}; ${command.map(quote).join(' ')}; echo "[exit $? ${state}]"`;
    const plain = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
    const env = { ...Object.fromEntries(plain), TERM: 'xterm-256color', ...options.env };
    this.#child = spawn('script', ['-qfec', script, '/dev/null'], {
      cwd: options.cwd,
      env: { ...env, SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.raw += text;
      this.emulator.write(text);
    });
    this.#closed = new Promise((resolve) => this.#child.once('close', () => resolve()));
  }

  /** Types keys one after the other, as a person would: an escape key must not run into what follows. */
  async send(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      this.#child.stdin?.write(key);
      await sleep(key === Key.escape ? 120 : 25);
    }
  }

  /** The visible rows, without trailing blanks. */
  screen(): string {
    const { active } = this.emulator.buffer;
    const rows = Array.from({ length: this.emulator.rows }, (_, row) =>
      active.getLine(active.baseY + row)?.translateToString(true),
    );
    return rows.join('\n').trimEnd();
  }

  /** Waits until the screen shows `text`; returns the screen. Throws with the screen when it never does. */
  async waitFor(text: string | RegExp, timeout = 15_000): Promise<string> {
    const shows = (screen: string) =>
      typeof text === 'string' ? screen.includes(text) : text.test(screen);
    const end = Date.now() + timeout;
    for (;;) {
      await new Promise<void>((resolve) => this.emulator.write('', resolve));
      const screen = this.screen();
      if (shows(screen)) return screen;
      if (Date.now() > end)
        throw new Error(`The terminal never showed ${String(text)}. It shows:\n${screen}`);
      await sleep(20);
    }
  }

  /** All rows, also those that have scrolled away. */
  history(): string {
    const { active } = this.emulator.buffer;
    const rows = Array.from({ length: active.length }, (_, row) =>
      active.getLine(row)?.translateToString(true),
    );
    return rows.join('\n').trimEnd();
  }

  /** Waits for the end of the program. `restored`: line editing and echo are on again and the cursor is visible. */
  async exit(timeout = 15_000): Promise<{ code: number; restored: boolean }> {
    await this.waitFor(ENDED, timeout);
    await this.#closed;
    const [, code, mode] = ENDED.exec(this.raw) ?? [];
    const hidden = this.raw.lastIndexOf('\u001b[?25l') > this.raw.lastIndexOf('\u001b[?25h');
    return { code: Number(code), restored: mode === 'cooked' && !hidden };
  }

  /** Ends the program, if it still runs. */
  async close(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.pid !== undefined) {
      try {
        // The program has a session of its own; it gets a SIGHUP when the terminal is gone.
        process.kill(-this.#child.pid, 'SIGKILL');
      } catch {
        // It ended by itself in between.
      }
    }
    await this.#closed;
    this.emulator.dispose();
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
