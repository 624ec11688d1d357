import type { Principal } from '../definitions/principal.js';
import type { RateLimitSettings } from '../limits/call-limits.js';
import { TokenBuckets } from '../limits/token-buckets.js';
import { type Answer, refuse } from './exchange.js';

/** Listing and discovering cost less than calls, which have a limit of their own. */
const REQUESTS_PER_CALL = 10;

/** Bounds how many requests of any kind a client may send to this process. */
export class RequestLimit {
  readonly #buckets = new TokenBuckets();

  constructor(private readonly config: RateLimitSettings) {}

  /** Counts messages. @returns a 429 when they are too many. */
  refusal({ id }: Principal, messages = 1): Answer | undefined {
    const { RATE_LIMIT_PER_MINUTE, RATE_LIMIT_BURST = RATE_LIMIT_PER_MINUTE } = this.config;
    const bucket = {
      key: id,
      perMinute: RATE_LIMIT_PER_MINUTE * REQUESTS_PER_CALL,
      burst: RATE_LIMIT_BURST * REQUESTS_PER_CALL,
    };
    for (let counted = 0; counted < messages; counted += 1) {
      const wait = this.#buckets.take([bucket]);
      if (wait > 0) return tooManyRequests(wait);
    }
    return undefined;
  }
}

/** @see https://www.rfc-editor.org/rfc/rfc6585#section-4 */
export function tooManyRequests(waitMs: number): Answer {
  const seconds = Math.ceil(waitMs / 1000);
  const message = `Too many requests. Try again in ${seconds} s.`;
  return refuse(429, message, { 'retry-after': String(seconds) });
}
