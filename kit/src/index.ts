/** What the definitions and the composition root of a server need of its machinery. */

import {
  type DefinitionModules,
  Definitions,
  type Principal,
  type ServerInfo,
} from './definitions/definitions.js';
import type { ContextOf, HttpRequest, HttpResponse, Parts } from './parts.js';

export type { CallContext, Principal } from './definitions/definitions.js';
export { ToolError, type ToolErrorOptions } from './definitions/definitions.js';
export { ConfigError, int, list } from './definitions/settings.js';
export { defineParts, type Part, type PartEnv } from './parts.js';

/** What work outside of calls has at hand. */
export type ServerContext<P> = Pick<
  ContextOf<P>,
  Exclude<keyof ContextOf<P>, CallOnly> & keyof ContextOf<P>
> & {
  /** Aborted when the server stops. */
  readonly signal: AbortSignal;
};
type CallOnly =
  | 'signal'
  | 'principal'
  | 'progress'
  | 'notify'
  | 'canAsk'
  | 'ask'
  | 'elicit'
  | 'sample';

/** An HTTP route of your own, such as a webhook. */
export type Route<P = never> = OpenRoute<P> | ProtectedRoute<P>;

interface RouteBase<Context> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Compared whole, without the query. Not one that the server answers itself, such as `/mcp`. */
  readonly path: string;
  /** Answers a request. Read its body with a bound: `await request.read(100_000)`. */
  handle(request: HttpRequest, ctx: Context): HttpResponse | Promise<HttpResponse>;
}

/** Whoever reaches the server may call it. */
interface OpenRoute<P> extends RouteBase<ServerContext<P>> {
  readonly isProtected: false;
}

/** The caller has to authenticate as for `/mcp`. */
interface ProtectedRoute<P>
  extends RouteBase<ServerContext<P> & { readonly principal: Principal }> {
  readonly isProtected: true;
}

export interface ServerOptions<P> extends ServerInfo, DefinitionModules<ContextOf<P>> {
  /** For the model: how to use this server. */
  readonly instructions?: string;
  readonly parts: P;
  /** More that has to be reachable before `/readyz` answers 200; each rejects while it is not. */
  readonly checks?: Readonly<Record<string, (ctx: ServerContext<P>) => Promise<void>>>;
  /** Routes of your own besides `/mcp`, over HTTP. */
  readonly routes?: readonly Route<P>[];
  /** Work that goes on as long as the server does. Each ends soon after its `signal` is aborted; a failure is logged. */
  readonly background?: Readonly<Record<string, (ctx: ServerContext<P>) => Promise<void>>>;
}

/** What a server is made of, before anything of it is opened. */
export interface Server {
  readonly about: ServerInfo;
  readonly instructions?: string | undefined;
  readonly definitions: Definitions;
  readonly parts: Parts;
  readonly checks: Readonly<Record<string, (ctx: never) => Promise<void>>>;
  readonly routes: readonly Route[];
  readonly background: Readonly<Record<string, (ctx: never) => Promise<void>>>;
}

/** Says what a server is made of. Entries such as `http.ts` open and serve it. */
export function defineServer<P extends Parts & Readonly<Record<string, unknown>>>(
  options: ServerOptions<P>,
): Server {
  const { name, version, description, instructions, parts } = options;
  const { checks = {}, routes = [], background = {} } = options;
  return {
    about: { name, version, ...(description !== undefined && { description }) },
    instructions,
    definitions: new Definitions(options as DefinitionModules),
    parts,
    checks,
    routes,
    background,
  };
}
