import {
  andThen,
  type Call,
  isPromise,
  type MaybePromise,
  type OverdueCalls,
} from '../calls/call.js';
import type { Bucket, Limits, RateLimiter } from '../calls/services.js';
import { type Principal, rateLimited, ToolError } from '../definitions/definitions.js';
import { int, type SettingsOf } from '../definitions/settings.js';
import type { LimitsPart } from '../parts.js';

/** What one client may do. */
export const rateLimitSettings = {
  RATE_LIMIT_PER_MINUTE: int(1, 1_000_000_000).default(600),
  RATE_LIMIT_BURST: int(1, 1_000_000_000).optional(),
  MAX_CONCURRENT_CALLS: int(1, 1_000_000).default(100),
};

export type RateLimitSettings = SettingsOf<typeof rateLimitSettings>;

/** Keeps each client within what the server and its tools allow; without settings, within what its tools allow. */
export class CallLimits implements Limits {
  readonly #max: number;
  readonly #underWay: Concurrency;

  constructor(
    private readonly limiter: RateLimiter,
    private readonly overdue: Pick<OverdueCalls, 'countOf'>,
    private readonly config?: RateLimitSettings,
  ) {
    this.#max = config?.MAX_CONCURRENT_CALLS ?? Number.POSITIVE_INFINITY;
    this.#underWay = new Concurrency(this.#max);
  }

  run<T>(call: Call, { id }: Principal, work: () => MaybePromise<T>): MaybePromise<T> {
    const done = this.#underWay.begin(id);
    if (done === undefined) throw this.#tooManyCalls(id);
    const admitted = (wait: number) => {
      if (wait > 0) throw rateLimited(wait);
      return work();
    };
    return lastly(() => andThen(this.limiter.take(this.#buckets(call, id)), admitted), done);
  }

  #tooManyCalls(id: string): ToolError {
    const overdue = this.overdue.countOf(id);
    const late =
      overdue > 0 ? ` ${overdue} of them timed out or were cancelled and still run.` : '';
    return new ToolError(
      'TOO_MANY_CALLS',
      `${this.#max} calls are under way already.${late} Try again when one of them is done.`,
      { retryable: true, retryAfter: 1 },
    );
  }

  /** The client's own bucket and, when the tool has a limit, one for this client and tool. */
  #buckets({ name, perMinute }: Call, id: string): Bucket[] {
    // Braces keep the buckets of a client together in a Redis cluster.
    const client = `{${encodeURIComponent(id)}}`;
    const buckets: Bucket[] = [];
    if (this.config !== undefined) {
      const { RATE_LIMIT_PER_MINUTE: all, RATE_LIMIT_BURST: burst = all } = this.config;
      buckets.push({ key: client, perMinute: all, burst });
    }
    if (perMinute !== undefined) {
      buckets.push({ key: `${client}:${name}`, perMinute, burst: perMinute });
    }
    return buckets;
  }
}

/** What `work` returns; calls `done` when it is over, however it ends. */
function lastly<T>(work: () => MaybePromise<T>, done: () => void): MaybePromise<T> {
  let result: MaybePromise<T>;
  try {
    result = work();
  } catch (error) {
    done();
    throw error;
  }
  if (isPromise(result)) return Promise.resolve(result).finally(done);
  done();
  return result;
}

/** What one client may do, over every transport. */
export function rateLimits(): LimitsPart<typeof rateLimitSettings> {
  return {
    settings: rateLimitSettings,
    open: ({ config, overdue, state }) => new CallLimits(state.limiter, overdue, config),
  };
}

/** Bounds how many things may go on for one client at the same time. */
export class Concurrency {
  readonly #underWay = new Map<string, number>();

  constructor(private readonly max: number) {}

  /** Begins one more. @returns what ends it, or `undefined` when it would be one too many. */
  begin(client: string): (() => void) | undefined {
    const others = this.#underWay.get(client) ?? 0;
    if (others >= this.max) return undefined;
    this.#underWay.set(client, others + 1);
    return () => {
      const left = (this.#underWay.get(client) ?? 1) - 1;
      if (left > 0) this.#underWay.set(client, left);
      else this.#underWay.delete(client);
    };
  }
}

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
