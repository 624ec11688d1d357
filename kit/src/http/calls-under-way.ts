import type { Incoming } from './exchange.js';

/** Requests whose answer is not fully sent yet. */
export class CallsUnderWay {
  #count = 0;
  #onEmpty: (() => void) | undefined;

  /** Counts `request` until it is over. @returns stops counting it before that. */
  track(request: Incoming): () => void {
    let counted = true;
    const done = () => {
      if (!counted) return;
      counted = false;
      this.#count -= 1;
      if (this.#count === 0) this.#onEmpty?.();
    };
    this.#count += 1;
    request.whenOver(done);
    return done;
  }

  /** Resolves when nothing is under way. */
  async finished(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }
}
