import type { Bucket, RateLimiter } from '../calls/services.js';

const MINUTE = 60_000_000;
const MAX_BUCKETS = 10_000;

/** How long it takes until one token comes back, and until all do, in whole microseconds. */
export function pace({ perMinute, burst }: Bucket): { interval: number; capacity: number } {
  const interval = Math.max(1, Math.round(MINUTE / perMinute));
  return { interval, capacity: burst * interval };
}

/**
 * Token buckets in this process. Of each it keeps one number: when it will be full again.
 * @see https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
 */
export class TokenBuckets implements RateLimiter {
  readonly #fullAt = new Map<string, number>();

  /** @param now in microseconds, from a clock that never goes back. */
  take(buckets: readonly Bucket[], now = clock()): number {
    let wait = 0;
    for (const bucket of buckets) {
      wait = Math.max(wait, this.#afterOneMore(bucket, now) - pace(bucket).capacity - now);
    }
    if (wait > 0) return Math.ceil(wait / 1000);
    for (const bucket of buckets) this.#remember(bucket.key, this.#afterOneMore(bucket, now));
    return 0;
  }

  /** When a bucket would be full again. */
  #afterOneMore(bucket: Bucket, now: number): number {
    return Math.max(this.#fullAt.get(bucket.key) ?? 0, now) + pace(bucket).interval;
  }

  /** The map keeps the order of last use: when there are too many, the first is the one unused for longest. */
  #remember(key: string, fullAt: number): void {
    this.#fullAt.delete(key);
    this.#fullAt.set(key, fullAt);
    if (this.#fullAt.size <= MAX_BUCKETS) return;
    const [oldest] = this.#fullAt.keys();
    if (oldest !== undefined) this.#fullAt.delete(oldest);
  }
}

function clock(): number {
  return Math.floor(performance.now() * 1000);
}
