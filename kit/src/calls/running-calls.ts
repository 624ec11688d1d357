import type { Logger } from 'pino';
import { ToolError } from '../definitions/errors.js';
import type { Principal } from '../definitions/principal.js';
import { type Timer, unref } from '../host/web.js';
import type { Call } from './call.js';

type Abort = (toReason: () => ToolError) => void;

/** The calls that run in this process. Its end aborts them, so that each has an answer and a line in the audit log. */
export class RunningCalls {
  readonly #aborts = new Set<Abort>();
  #count = 0;
  #isAborted = false;
  #onEmpty: (() => void) | undefined;

  began(): void {
    this.#count += 1;
  }

  /** A call has its line in the audit log. */
  ended(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#onEmpty?.();
  }

  /** Resolves when no call runs. */
  async none(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** Whether calls end before they begin. */
  get isAborted(): boolean {
    return this.#isAborted;
  }

  /** Has `abort` called when the process ends before the work of the call. */
  add(abort: Abort): void {
    this.#aborts.add(abort);
  }

  delete(abort: Abort): void {
    this.#aborts.delete(abort);
  }

  /** Ends the work of all calls, and of each that is still to begin. */
  abort(): void {
    this.#isAborted = true;
    for (const abort of this.#aborts) abort(aborted);
  }
}

/** Why a call has no result when the process ends. */
export function aborted(): ToolError {
  return new ToolError('ABORTED', 'The server is shutting down. Try again in 1 s.', {
    retryable: true,
    retryAfter: 1,
  });
}

/** How long a call may take to stop, and how often the log names those that have not, in milliseconds. */
const GRACE_MS = 1_000;
const REPEAT_MS = 60_000;

/** Calls that still run although they were answered: they timed out or were cancelled, and their work goes on. */
export class OverdueCalls {
  readonly #all = new Set<{ readonly name: string; readonly since: number }>();
  readonly #ofCaller = new Map<string, number>();
  #nextReport: Timer | undefined;

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
    this.#nextReport ??= unref(setTimeout(() => this.#report(), GRACE_MS));
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
      this.#all.size > 0 ? unref(setTimeout(() => this.#report(), pause)) : undefined;
  }
}
