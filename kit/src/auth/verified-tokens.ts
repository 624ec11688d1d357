import { hash } from 'node:crypto';
import type { Principal } from '../definitions/principal.js';

const MAX_TOKENS = 1_000;

interface Entry {
  readonly principal: Principal;
  /** By the clock on the wall, which may be set, as the issuer means it. */
  readonly expires: number;
  /** By a clock that nobody sets. */
  readonly until: number;
}

/**
 * Remembers for a short time who a token belongs to, so that its signature is not checked for every request. Holds hashes, never
 * tokens; an entry ends with its token.
 */
export class VerifiedTokens {
  readonly #entries = new Map<string, Entry>();

  /** With `seconds` 0 nothing is remembered: a revoked key or a changed secret counts at once. */
  constructor(private readonly seconds: number) {}

  get size(): number {
    return this.#entries.size;
  }

  get(token: string): Principal | undefined {
    if (this.seconds === 0) return undefined;
    const entry = this.#entries.get(sha256(token));
    if (entry === undefined || Date.now() >= entry.expires) return undefined;
    return performance.now() < entry.until ? entry.principal : undefined;
  }

  /** `exp` is in seconds, as in the token. */
  add(token: string, principal: Principal, exp: number): void {
    if (this.seconds === 0 || exp * 1_000 <= Date.now()) return;
    if (this.#entries.size >= MAX_TOKENS) this.#forgetOldest();
    const until = performance.now() + this.seconds * 1_000;
    this.#entries.set(sha256(token), { principal, expires: exp * 1_000, until });
  }

  #forgetOldest(): void {
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}

function sha256(token: string): string {
  return hash('sha256', token, 'base64');
}
