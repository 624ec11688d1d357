import type { AuthInfo, ScopeChallengeHandler } from '@modelcontextprotocol/server';
import type { Principal } from '../definitions/principal.js';
import type { HttpApp } from '../http/app.js';
import { createMcpServer } from '../protocol/mcp-server.js';
import { serverScopeFor } from '../protocol/server-scope.js';

/** Refuses a call in a session for which the caller lacks a scope, as it is refused without one. */
export class SessionStepUp {
  readonly #principals = new WeakMap<AuthInfo, Principal>();

  constructor(private readonly app: HttpApp) {}

  /** What the transport of a session may know of the caller of one request. */
  authInfo(principal: Principal): AuthInfo | undefined {
    const authInfo = this.app.auth.authInfo?.(principal);
    if (authInfo !== undefined) this.#principals.set(authInfo, principal);
    return authInfo;
  }

  readonly challenge: ScopeChallengeHandler = (asked) => {
    const principal = asked.authInfo && this.#principals.get(asked.authInfo);
    if (principal === undefined) return undefined;
    const { stepUp } = this.app.auth;
    const scope = { ...serverScopeFor(asked.request), stepUp };
    return createMcpServer(this.app, principal, scope).resolveScopeChallenge(asked);
  };
}
