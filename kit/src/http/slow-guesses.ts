import { hash } from 'node:crypto';
import { andThen } from '../calls/maybe-async.js';
import type { RateLimitSettings } from '../limits/call-limits.js';
import { TokenBuckets } from '../limits/token-buckets.js';
import type { Authenticator } from './authenticator.js';
import type { RequestHeaders } from './exchange.js';
import { tooManyRequests } from './request-limit.js';

const MAX_KNOWN = 10_000;

/**
 * Lets an address that tries too many credentials wait before the next one is looked at. Those that were right before do
 * not count, so that nobody whose credentials were right before is locked out by a stranger behind the same address.
 * @param credentialHeaders the names of the headers that credentials come in
 */
export function slowGuesses(
  authenticate: Authenticator,
  credentialHeaders: readonly string[],
  config: RateLimitSettings,
): Authenticator {
  const { RATE_LIMIT_PER_MINUTE, RATE_LIMIT_BURST = RATE_LIMIT_PER_MINUTE } = config;
  const guesses = new TokenBuckets();
  const known = new Set<string>();

  return (headers, address = 'unknown') => {
    const sent = fingerprint(headers, credentialHeaders);
    if (sent === undefined) return authenticate(headers, address);

    const bucket = { key: address, perMinute: RATE_LIMIT_PER_MINUTE, burst: RATE_LIMIT_BURST };
    const wait = known.has(sent) ? 0 : guesses.take([bucket]);
    if (wait > 0) return { refusal: tooManyRequests(wait) };
    return andThen(authenticate(headers, address), (caller) => {
      if ('principal' in caller) remember(known, sent);
      return caller;
    });
  };
}

/** A hash of the credentials, or `undefined` when there are none. */
function fingerprint(headers: RequestHeaders, names: readonly string[]): string | undefined {
  const sent = names.map((name) => headers.get(name));
  if (sent.every((value) => value === null)) return undefined;
  return hash('sha256', JSON.stringify(sent), 'base64');
}

function remember(known: Set<string>, sent: string): void {
  known.delete(sent);
  known.add(sent);
  if (known.size <= MAX_KNOWN) return;
  const [oldest] = known;
  if (oldest !== undefined) known.delete(oldest);
}
