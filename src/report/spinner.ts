import { stripVTControlCharacters } from 'node:util';
import type { Paint } from './terminal.js';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 80;
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_LINE = '\r\u001b[2K';

/** An animated terminal line while work is in progress. */
export class Spinner {
  #frame = 0;
  #detail = '';
  #timer: NodeJS.Timeout | undefined;
  readonly #started = performance.now();

  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly paint: Paint,
    private readonly title: string,
  ) {}

  start(): void {
    this.stream.write(HIDE_CURSOR);
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
  }

  /** The latest event, shown after the title. */
  detail(line: string): void {
    this.#detail = stripVTControlCharacters(line).replace(/\s+/g, ' ').trim();
  }

  /** Writes a whole line above the spinner. */
  above(line: string): void {
    this.stream.write(`${CLEAR_LINE}${line}\n`);
    this.#draw();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.stream.write(CLEAR_LINE + SHOW_CURSOR);
  }

  #draw(): void {
    const frame = FRAMES[this.#frame++ % FRAMES.length] ?? '';
    const seconds = Math.floor((performance.now() - this.#started) / 1000);
    const time = seconds > 1 ? ` ${seconds} s` : '';
    const room = (this.stream.columns ?? 80) - this.title.length - time.length - 8;
    const detail =
      this.#detail && room > 10 ? this.paint('dim', ` · ${clip(this.#detail, room)}`) : '';
    this.stream.write(
      `${CLEAR_LINE}${this.paint('cyan', frame)} ${this.title}${this.paint('dim', time)}${detail}`,
    );
  }
}

function clip(text: string, room: number): string {
  return text.length > room ? `${text.slice(0, room - 1)}…` : text;
}
