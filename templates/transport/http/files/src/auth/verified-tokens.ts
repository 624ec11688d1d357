import { createHash } from 'node:crypto';
import type { Principal } from '../pipeline/principal.js';

const MAX_TOKENS = 1_000;

/**
 * Remembers for a short time who a token belongs to, so that its signature is not checked for every request. Holds hashes, never
 * tokens; an entry ends with its token.
 */
export class VerifiedTokens {
  readonly #entries = new Map<string, { principal: Principal; until: number }>();

  /** With `seconds` 0 nothing is remembered: a revoked key or a changed secret counts at once. */
  constructor(private readonly seconds: number) {}

  get(token: string): Principal | undefined {
    if (this.seconds === 0) return undefined;
    const entry = this.#entries.get(sha256(token));
    return entry !== undefined && Date.now() < entry.until ? entry.principal : undefined;
  }

  /** `exp` is in seconds, as in the token. */
  add(token: string, principal: Principal, exp: number): void {
    const until = Math.min(Date.now() + this.seconds * 1_000, exp * 1_000);
    if (until <= Date.now()) return;
    if (this.#entries.size >= MAX_TOKENS) this.#forgetOldest();
    this.#entries.set(sha256(token), { principal, until });
  }

  #forgetOldest(): void {
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}

function sha256(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
