import { ToolError } from '../definitions/errors.js';

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
