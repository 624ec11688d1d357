/** Whoever waits for an answer, and may go away before it is there. */
export class Caller {
  readonly #works: (() => void)[] = [];
  #controller: AbortController | undefined;
  #isOver = false;

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Aborted when it is over. Most calls end before they need it. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      this.whenOver(() => controller.abort());
    }
    return this.#controller.signal;
  }

  /** Calls `work` when the answer is sent or the caller has gone. */
  whenOver(work: () => void): void {
    if (this.#isOver) work();
    else this.#works.push(work);
  }

  /** The answer is sent, or the caller has gone. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const work of this.#works) work();
  }
}
