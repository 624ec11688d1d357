/** What an attempt says about the service: it works, it does not, or nothing, because the caller left first. */
export type Verdict = 'works' | 'fails' | 'unknown';

/** Thrown instead of the call while the circuit is open. */
export class CircuitOpenError extends Error {
  override readonly name = 'CircuitOpenError';

  constructor(
    /** After how many milliseconds the next call may try. */
    readonly ms: number,
  ) {
    super('the circuit is open');
  }
}

/**
 * Stops calling a service that has failed several times in a row. After a pause one call tries it; when that succeeds, all may
 * call again. A caller that leaves during that attempt decides nothing.
 */
export class CircuitBreaker {
  #failures = 0;
  #opensAt: number | undefined;
  #isProbing = false;

  constructor(
    /** How many failures in a row open it. */
    private readonly breakAfter: number,
    /** How long it then stays open (milliseconds). */
    private readonly pauseMs: number,
  ) {}

  get isOpen(): boolean {
    return this.#opensAt !== undefined;
  }

  /**
   * @param verdict what an error says about the service
   * @throws {CircuitOpenError} while the service may not be called.
   */
  async run<T>(work: () => Promise<T>, verdict: (error: unknown) => Verdict): Promise<T> {
    const isProbe = this.#admit();
    try {
      const result = await work();
      this.#end('works', isProbe);
      return result;
    } catch (error) {
      this.#end(verdict(error), isProbe);
      throw error;
    }
  }

  /** Whether this call is the one that tries whether the service works again. */
  #admit(): boolean {
    if (this.#opensAt === undefined) return false;
    const ms = this.#opensAt - performance.now();
    if (ms > 0 || this.#isProbing) throw new CircuitOpenError(Math.max(ms, 1_000));
    this.#isProbing = true;
    return true;
  }

  #end(verdict: Verdict, isProbe: boolean): void {
    if (isProbe) this.#isProbing = false;
    // What began before it opened says nothing about now.
    else if (this.isOpen) return;
    if (verdict === 'works') {
      this.#failures = 0;
      this.#opensAt = undefined;
    } else if (verdict === 'fails') {
      this.#failures += 1;
      if (isProbe || this.#failures >= this.breakAfter) {
        this.#opensAt = performance.now() + this.pauseMs;
      }
    }
  }
}
