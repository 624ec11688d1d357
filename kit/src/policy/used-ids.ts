export interface UsedIds {
  /** Whether `id` is used for the first time. It is remembered for `seconds`. */
  use(id: string, seconds: number): boolean | Promise<boolean>;
}

/** Ids that were used in this process. */
export class LocalUsedIds implements UsedIds {
  readonly #ends = new Map<string, number>();

  use(id: string, seconds: number): boolean {
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
