import { ToolError } from './errors.js';

const MINUTE = 60_000;
const MAX_CALLERS = 10_000;

/** A token bucket per caller: up to `perMinute` calls at once, refilled evenly. Lives in this process. */
export class RateLimiter {
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(private readonly perMinute: number) {}

  /** Takes one token. @throws {ToolError} `RATE_LIMITED` when the caller has none left. */
  take(caller: string, now = Date.now()): void {
    const last = this.#buckets.get(caller) ?? { tokens: this.perMinute, at: now };
    const refill = ((now - last.at) / MINUTE) * this.perMinute;
    const tokens = Math.min(this.perMinute, last.tokens + refill);
    if (tokens < 1) {
      const seconds = Math.ceil(((1 - tokens) / this.perMinute) * 60);
      throw new ToolError('RATE_LIMITED', `Too many calls. Try again in ${seconds} s.`, {
        retryable: true,
      });
    }
    this.#buckets.delete(caller);
    this.#buckets.set(caller, { tokens: tokens - 1, at: now });
    this.#forgetIdle();
  }

  /** The map keeps the order of last use, so the first entry is the one unused for longest. */
  #forgetIdle(): void {
    if (this.#buckets.size <= MAX_CALLERS) return;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
