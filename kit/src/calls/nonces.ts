import type { NonceStore } from './services.js';

/** Ids that were claimed in this process. */
export class MemoryNonceStore implements NonceStore {
  readonly #ends = new Map<string, number>();

  claim(id: string, seconds: number): boolean {
    if (this.#ends.has(id)) return false;
    const now = performance.now();
    // The map keeps the order of use, so those that have expired by now come first.
    for (const [used, end] of this.#ends) {
      if (end > now) break;
      this.#ends.delete(used);
    }
    this.#ends.set(id, now + seconds * 1_000);
    return true;
  }
}
