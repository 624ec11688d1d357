/** No server is believed that it needs longer than this (milliseconds). */
const MAX_PAUSE_MS = 3_600_000;
/** Callers bring their own credentials, so there may be many. */
const MAX_KEYS = 1_000;
/** A time this large is a date in seconds since 1970; a smaller one counts from now. */
const EPOCH_SECONDS = 1_000_000_000;

/**
 * After how many milliseconds a server takes requests again, or `undefined` when it does not say so.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
 */
export function retryAfterMs(headers: Headers, now = Date.now()): number | undefined {
  const text = headers.get('retry-after')?.trim();
  if (!text) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : bounded(ms);
}

/**
 * How long no more requests are allowed, in milliseconds; `undefined` when some are, or the server does not say.
 * Reads `X-RateLimit-Remaining` and `-Reset` as GitHub and others send them, and `RateLimit` of the IETF's drafts.
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
 */
export function usedUpMs(headers: Headers, now = Date.now()): number | undefined {
  const combined = headers.get('ratelimit') ?? '';
  const named = (...names: string[]) => names.map((name) => headers.get(name)).find(isNumber);
  const remaining =
    named('x-ratelimit-remaining', 'x-rate-limit-remaining', 'ratelimit-remaining') ??
    /(?:\bremaining|;\s*r)=(\d+)/.exec(combined)?.[1];
  const reset =
    named('x-ratelimit-reset', 'x-rate-limit-reset', 'ratelimit-reset') ??
    /(?:\breset|;\s*t)=(\d+)/.exec(combined)?.[1];
  if (remaining === undefined || reset === undefined || Number(remaining) > 0) return undefined;
  const seconds = Number(reset);
  return bounded(seconds > EPOCH_SECONDS ? seconds * 1_000 - now : seconds * 1_000);
}

const isNumber = (text: string | null): text is string => text !== null && /^\d+$/.test(text);
const bounded = (ms: number) => Math.min(Math.max(ms, 0), MAX_PAUSE_MS);

/** Until when a server has asked not to be asked: by credential, and by what the server counts separately. */
export class Pauses {
  readonly #until = new Map<string, number>();

  set(key: string, ms: number): void {
    this.#until.delete(key);
    this.#until.set(key, Date.now() + ms);
    const [oldest] = this.#until.keys();
    if (this.#until.size > MAX_KEYS && oldest !== undefined) this.#until.delete(oldest);
  }

  /** How long it still lasts, in milliseconds; 0 when requests are welcome. */
  left(key: string): number {
    const until = this.#until.get(key);
    if (until === undefined) return 0;
    const ms = until - Date.now();
    if (ms <= 0) this.#until.delete(key);
    // A clock that was set back must not stop requests for longer than a server may.
    return bounded(ms);
  }
}
