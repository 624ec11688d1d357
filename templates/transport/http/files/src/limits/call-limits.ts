import type { Config } from '../config.js';
import { rateLimited, ToolError } from '../pipeline/errors.js';
import { andThen, isPromise, type MaybePromise } from '../pipeline/maybe-async.js';
import type { OverdueCalls } from '../pipeline/overdue-calls.js';
import type { Principal } from '../pipeline/principal.js';
import type { Call } from '../pipeline/run-call.js';
import { Concurrency } from './concurrency.js';
import type { Bucket, RateLimiter } from './token-buckets.js';

/** Keeps each client within what the server and its tools allow. */
export class CallLimits {
  readonly #underWay: Concurrency;

  constructor(
    private readonly config: Config,
    private readonly limiter: RateLimiter,
    private readonly overdue: Pick<OverdueCalls, 'countOf'>,
  ) {
    this.#underWay = new Concurrency(config.MAX_CONCURRENT_CALLS);
  }

  /**
   * Does the work of a call when its caller may do it now. It takes one of its caller's places until it has really ended.
   * @throws {ToolError} `RATE_LIMITED` or `TOO_MANY_CALLS`; the call may be repeated later.
   */
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
      `${this.config.MAX_CONCURRENT_CALLS} calls are under way already.${late} Try again when one of them is done.`,
      { retryable: true, retryAfter: 1 },
    );
  }

  /** The client's own bucket and, when the tool has a limit, one for this client and tool. */
  #buckets({ name, perMinute }: Call, id: string): Bucket[] {
    // Braces keep the buckets of a client together in a Redis cluster.
    const client = `{${encodeURIComponent(id)}}`;
    const { RATE_LIMIT_PER_MINUTE, RATE_LIMIT_BURST = RATE_LIMIT_PER_MINUTE } = this.config;
    const all = { key: client, perMinute: RATE_LIMIT_PER_MINUTE, burst: RATE_LIMIT_BURST };
    if (perMinute === undefined) return [all];
    return [all, { key: `${client}:${name}`, perMinute, burst: perMinute }];
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
