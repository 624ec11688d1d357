import { rateLimited } from '../pipeline/errors.js';
import type { MaybePromise } from '../pipeline/maybe-async.js';
import type { Principal } from '../pipeline/principal.js';
import type { Call } from '../pipeline/run-call.js';
import { TokenBuckets } from './token-buckets.js';

/** Keeps calls within the limits of their tools. */
export class CallLimits {
  readonly #buckets = new TokenBuckets();

  /**
   * Does the work of a call when its caller may do it now.
   * @throws {ToolError} `RATE_LIMITED` when there were too many calls.
   */
  run<T>(
    { name, perMinute }: Call,
    { id }: Principal,
    work: () => MaybePromise<T>,
  ): MaybePromise<T> {
    if (perMinute !== undefined) {
      const wait = this.#buckets.take([{ key: `${id}:${name}`, perMinute, burst: perMinute }]);
      if (wait > 0) throw rateLimited(wait);
    }
    return work();
  }
}
