/** Requests whose answer is not fully sent yet. */
export class CallsUnderWay {
  readonly #requests = new Set<Request>();
  #onEmpty: (() => void) | undefined;

  /** Counts `request` until its signal is aborted: the answer has been sent, or the client has gone. */
  track(request: Request): void {
    if (request.signal.aborted) return;
    this.#requests.add(request);
    request.signal.addEventListener('abort', () => this.forget(request), { once: true });
  }

  /** Resolves when nothing is under way. */
  async finished(): Promise<void> {
    if (this.#requests.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** Waits for `request` no longer. */
  forget(request: Request): void {
    this.#requests.delete(request);
    if (this.#requests.size === 0) this.#onEmpty?.();
  }
}
