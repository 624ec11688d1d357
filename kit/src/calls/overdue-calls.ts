import type { Logger } from 'pino';
import type { Principal } from '../definitions/principal.js';
import type { Call } from './call.js';

/** How long a call may take to stop, and how often the log names those that have not, in milliseconds. */
const GRACE_MS = 1_000;
const REPEAT_MS = 60_000;

/** Calls that still run although they were answered: they timed out or were cancelled, and their work goes on. */
export class OverdueCalls {
  readonly #all = new Set<{ readonly name: string; readonly since: number }>();
  readonly #ofCaller = new Map<string, number>();
  #nextReport: NodeJS.Timeout | undefined;

  constructor(private readonly log: Logger) {}

  get count(): number {
    return this.#all.size;
  }

  /** How many are of one caller. */
  countOf(caller: string): number {
    return this.#ofCaller.get(caller) ?? 0;
  }

  /** @returns what to call when the work has ended. */
  begin({ name }: Call, { id }: Principal): () => void {
    const call = { name, since: performance.now() };
    this.#all.add(call);
    this.#ofCaller.set(id, this.countOf(id) + 1);
    this.#nextReport ??= setTimeout(() => this.#report(), GRACE_MS).unref();
    return () => {
      this.#all.delete(call);
      const left = this.countOf(id) - 1;
      if (left > 0) this.#ofCaller.set(id, left);
      else this.#ofCaller.delete(id);
    };
  }

  #report(): void {
    const late = performance.now() - GRACE_MS;
    const names = [...this.#all].filter(({ since }) => since <= late).map(({ name }) => name);
    if (names.length > 0) {
      const details = { calls: names.length, names: [...new Set(names)] };
      this.log.warn(details, 'calls still run after they were answered: they ignore their signal');
    }
    const pause = names.length > 0 ? REPEAT_MS : GRACE_MS;
    this.#nextReport =
      this.#all.size > 0 ? setTimeout(() => this.#report(), pause).unref() : undefined;
  }
}
