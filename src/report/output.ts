import type { Problem } from '../errors.js';
import type { StepResult, StepStatus } from '../model.js';
import type { StepProgress, StepView } from '../steps/steps.js';
import { Spinner } from './spinner.js';
import { isLive, type Paint, painter, type Style } from './terminal.js';

/** Without a spinner, work that takes longer prints a line. */
const SLOW_MS = 2000;

const MARKS: Readonly<Record<StepStatus, { live: string; plain: string; style: Style }>> = {
  ok: { live: '✔', plain: 'ok', style: 'green' },
  failed: { live: '✖', plain: 'FAILED', style: 'red' },
  skipped: { live: '–', plain: 'skipped', style: 'dim' },
  unproven: { live: '!', plain: 'UNPROVEN', style: 'yellow' },
};

export interface OutputOptions {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Everything the CLI prints. Text for people goes to stdout; with `--json` to stderr, because stdout is then exactly one
 * JSON document. A terminal gets a spinner and colours, a pipe plain lines.
 */
export class Output implements StepView {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly paint: Paint;
  readonly #stream: NodeJS.WriteStream;
  readonly #errorPaint: Paint;
  readonly #live: boolean;
  #spinner: Spinner | undefined;
  #documented = false;

  constructor(options: OutputOptions) {
    this.json = options.json;
    this.verbose = options.verbose;
    this.#stream = options.json ? process.stderr : process.stdout;
    this.paint = painter(this.#stream, options.env);
    this.#errorPaint = painter(process.stderr, options.env);
    this.#live = isLive(this.#stream, options.env);
  }

  /** A line for a person. */
  say(text = ''): void {
    if (this.#spinner) this.#spinner.above(text);
    else this.#stream.write(`${text}\n`);
  }

  /** A problem, on stderr: the message, and its hint below. */
  problem({ message, hint }: Problem): void {
    process.stderr.write(`${this.#errorPaint('red', '✖')} ${message}\n`);
    if (hint) process.stderr.write(`  ${this.#errorPaint('dim', hint)}\n`);
  }

  warn(message: string): void {
    process.stderr.write(`${this.#errorPaint('yellow', '!')} ${message}\n`);
  }

  /** The one document on stdout. A second one (of a run interrupted while it ends) is dropped. */
  document(value: unknown): void {
    if (this.#documented) return;
    this.#documented = true;
    process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** One line for a finished step. */
  result({ status, ms, detail }: StepResult, title: string, indent = ''): void {
    const mark = MARKS[status];
    const sign = this.#live ? mark.live : mark.plain.padEnd(8);
    const [first = '', ...more] = (detail ?? '').split('\n');
    const notes = [first, status === 'skipped' ? '' : formatTime(ms)].filter((note) => note !== '');
    const note = this.paint('dim', ` (${notes.join(', ')})`);
    this.say(`${indent}${this.paint(mark.style, sign)} ${title}${note}`);
    for (const line of more) this.say(`${indent}  ${this.paint('dim', line)}`);
  }

  /** Shows that work goes on until it ends. Rejects as the work does. */
  async working<T>(title: string, work: (progress: StepProgress) => Promise<T>): Promise<T> {
    const spinner = this.#live ? new Spinner(this.#stream, this.paint, title) : undefined;
    const slow = spinner
      ? undefined
      : setTimeout(() => this.say(`${'...'.padEnd(8)} ${title}`), SLOW_MS);
    this.#spinner = spinner;
    spinner?.start();
    try {
      return await work({
        line: (text) => {
          if (this.verbose) this.say(this.paint('dim', `  ${text}`));
          else spinner?.detail(text);
        },
        part: (result) => this.result(result, result.name, '  '),
      });
    } finally {
      clearTimeout(slow);
      spinner?.stop();
      this.#spinner = undefined;
    }
  }
}

/** Milliseconds for people. */
function formatTime(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
