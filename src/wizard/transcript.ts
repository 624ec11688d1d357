import { styleText } from 'node:util';
import { S_BAR_END, S_BAR_START } from '@clack/prompts';
import { ExitCode, InterruptedError } from '../errors.js';
import { version } from '../version.js';
import { answeredFrame, eraseRows } from './frame.js';
import type { FrameHeight } from './prompts.js';

export interface Exchange {
  readonly message: string;
  readonly answer: string;
}

/**
 * The answered questions on the screen, drawn again after every step: going back takes them away. What has left the
 * screen at the top cannot be taken back and is not drawn twice.
 */
export class Transcript {
  /** Lines between the top of the screen and the prompt. */
  #visible: readonly string[] = [];
  /** Lines that have scrolled away. */
  #gone: readonly string[] = [];

  constructor(
    title: string,
    private readonly output: NodeJS.WriteStream,
  ) {
    // Not a list of styles: Node 20 does not look at NO_COLOR then.
    const name = styleText('bold', styleText('cyan', title));
    const start = styleText('gray', S_BAR_START);
    output.write(`\n${start}  ${name}  ${styleText('dim', `v${version}`)}\n`);
  }

  /** @param prompt the last prompt, whose frame goes as well */
  show(exchanges: readonly Exchange[], prompt: FrameHeight): void {
    this.#scroll(prompt);
    const lines = exchanges.flatMap(({ message, answer }) =>
      answeredFrame(message, answer, this.output),
    );
    const changed = this.#gone.findIndex((line, index) => line !== lines[index]);
    if (changed !== -1) this.#gone = this.#gone.slice(0, changed);
    const rest = lines.slice(this.#gone.length);
    const text = rest.map((line) => `${line}\n`).join('');
    this.output.write(eraseRows(this.#visible.length + prompt.rows) + text);
    this.#visible = rest;
  }

  /** Lines for which there was no room above the prompt (the last row of its frame has no line break). */
  #scroll({ rows, tallest }: FrameHeight): void {
    const { rows: screen = 24 } = this.output;
    const height = this.#visible.length + Math.max(rows + 1, tallest);
    const lost = Math.min(this.#visible.length, Math.max(0, height - screen));
    this.#gone = [...this.#gone, ...this.#visible.slice(0, lost)];
    this.#visible = this.#visible.slice(lost);
  }

  end(): void {
    this.output.write(`${styleText('gray', S_BAR_END)}\n\n`);
  }

  /** Ends it after Ctrl-C; throw what this returns. */
  cancelled(): InterruptedError {
    this.end();
    return new InterruptedError(ExitCode.interrupted, 'Cancelled. Nothing was written.');
  }
}
