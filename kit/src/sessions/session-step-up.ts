import type { AuthInfo, ScopeChallengeHandler } from '@modelcontextprotocol/server';
import type { App } from '../calls/services.js';
import { partFor } from '../protocol/part-for.js';
import type { Principal } from '../calls/principal.js';
import { createServer } from '../protocol/server.js';
import { protectedResource } from '../auth/protected-resource.js';
import { authInfoOf } from '../auth/step-up.js';

/** Refuses a call in a session for which the caller lacks a scope, as it is refused without one. */
export class SessionStepUp {
  readonly #principals = new WeakMap<AuthInfo, Principal>();

  constructor(private readonly app: App) {}

  /** What the transport of a session may know of the caller of one request. */
  authInfo(principal: Principal): AuthInfo {
    const authInfo = authInfoOf(principal, protectedResource(this.app.config));
    this.#principals.set(authInfo, principal);
    return authInfo;
  }

  readonly challenge: ScopeChallengeHandler = (asked) => {
    const principal = asked.authInfo && this.#principals.get(asked.authInfo);
    if (principal === undefined) return undefined;
    return createServer(this.app, principal, partFor(asked.request)).resolveScopeChallenge(asked);
  };
}
