import type { NonceClaim, NonceStore } from '../calls/services.js';
import { Changes } from '../definitions/definitions.js';
import { TokenBuckets } from '../limits/call-limits.js';
import type { SharedState } from '../parts.js';

/** The state of one process, which shares nothing with others. */
export function memoryState(): SharedState {
  return {
    changes: new Changes(),
    limiter: new TokenBuckets(),
    nonces: new MemoryNonceStore(),
    close() {},
  };
}

interface IdSet {
  readonly used: Set<string>;
  /** When it takes no more new ids, and when it goes. */
  readonly fullAt: number;
  readonly end: number;
}

/** Ids that were claimed in this process. Nobody can set back its clock. */
export class MemoryNonceStore implements NonceStore {
  readonly #sets = new Map<string, IdSet>();
  #newest = '';

  setForNew(seconds: number): string {
    const now = this.#forget();
    if ((this.#sets.get(this.#newest)?.fullAt ?? 0) <= now) {
      this.#newest = crypto.randomUUID();
      const fullAt = now + seconds * 1_000;
      this.#sets.set(this.#newest, { used: new Set(), fullAt, end: fullAt + seconds * 1_000 });
    }
    return this.#newest;
  }

  claim(id: string, set: string): NonceClaim {
    this.#forget();
    const used = this.#sets.get(set)?.used;
    if (used === undefined) return 'unknown';
    if (used.has(id)) return 'again';
    used.add(id);
    return 'first';
  }

  #forget(): number {
    const now = performance.now();
    for (const [name, { end }] of this.#sets) if (end <= now) this.#sets.delete(name);
    return now;
  }
}
