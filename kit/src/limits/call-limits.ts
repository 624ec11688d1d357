import type { Call } from '../calls/call.js';
import { andThen, isPromise, type MaybePromise } from '../calls/maybe-async.js';
import type { OverdueCalls } from '../calls/overdue-calls.js';
import type { Bucket, Limits, RateLimiter } from '../calls/services.js';
import { rateLimited, ToolError } from '../definitions/errors.js';
import type { Principal } from '../definitions/principal.js';
import { int, type SettingsOf } from '../definitions/settings.js';
import type { LimitsPart } from '../parts.js';
import { Concurrency } from './concurrency.js';

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
