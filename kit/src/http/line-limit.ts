const SECOND_MS = 1_000;

/** Bounds the lines that strangers can cause: at most `perSecond`, and the next one says how many were left out. */
export class LineLimit {
  #until = 0;
  #written = 0;
  #leftOut = 0;

  constructor(private readonly perSecond: number) {}

  /** Writes a line, or leaves it out. */
  write(write: (leftOut: { leftOut?: number }) => void): void {
    const now = performance.now();
    if (now >= this.#until) {
      this.#until = now + SECOND_MS;
      this.#written = 0;
    }
    if (this.#written >= this.perSecond) {
      this.#leftOut += 1;
      return;
    }
    this.#written += 1;
    write(this.#leftOut > 0 ? { leftOut: this.#leftOut } : {});
    this.#leftOut = 0;
  }
}
