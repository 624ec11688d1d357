import { randomUUID } from 'node:crypto';

/** Used for the first time, used before, or of a set that is not there: nobody knows whether it was used. */
export type Use = 'first' | 'again' | 'unknown';

/**
 * Ids that count once. Each belongs to a set, which remembers those that were used. Where a set is not there (after a restart, at
 * another replica without Redis), none of its ids counts.
 */
export interface UsedIds {
  /** The set that a new id belongs to; it is there for at least `seconds`. */
  setForNew(seconds: number): string | Promise<string>;
  use(id: string, set: string): Use | Promise<Use>;
}

interface IdSet {
  readonly used: Set<string>;
  /** When it takes no more new ids, and when it goes. */
  readonly fullAt: number;
  readonly end: number;
}

/** Ids that were used in this process. Nobody can set back its clock. */
export class LocalUsedIds implements UsedIds {
  readonly #sets = new Map<string, IdSet>();
  #newest = '';

  setForNew(seconds: number): string {
    const now = this.#forget();
    if ((this.#sets.get(this.#newest)?.fullAt ?? 0) <= now) {
      this.#newest = randomUUID();
      const fullAt = now + seconds * 1_000;
      this.#sets.set(this.#newest, { used: new Set(), fullAt, end: fullAt + seconds * 1_000 });
    }
    return this.#newest;
  }

  use(id: string, set: string): Use {
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
