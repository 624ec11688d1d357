import type { Config } from '../config.js';
import { refuse } from '../http/json.js';
import type { Principal } from '../pipeline/principal.js';
import { TokenBuckets } from './token-buckets.js';

/** Listing and discovering cost less than calls, which have a limit of their own. */
const REQUESTS_PER_CALL = 10;

/** Bounds how many requests of any kind a client may send to this process. */
export class RequestLimit {
  readonly #buckets = new TokenBuckets();

  constructor(private readonly config: Config) {}

  /** Counts a request. @returns a 429 when it is one too many. */
  refusal({ id }: Principal): Response | undefined {
    const { RATE_LIMIT_PER_MINUTE, RATE_LIMIT_BURST = RATE_LIMIT_PER_MINUTE } = this.config;
    const bucket = {
      key: id,
      perMinute: RATE_LIMIT_PER_MINUTE * REQUESTS_PER_CALL,
      burst: RATE_LIMIT_BURST * REQUESTS_PER_CALL,
    };
    const wait = this.#buckets.take([bucket]);
    return wait > 0 ? tooManyRequests(wait) : undefined;
  }
}

/** @see https://www.rfc-editor.org/rfc/rfc6585#section-4 */
export function tooManyRequests(waitMs: number): Response {
  const seconds = Math.ceil(waitMs / 1000);
  const message = `Too many requests. Try again in ${seconds} s.`;
  return refuse(429, message, { 'retry-after': String(seconds) });
}
