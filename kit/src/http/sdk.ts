import { createMcpHandler } from '@modelcontextprotocol/server';
import type { Principal } from '../definitions/definitions.js';
import type { HttpRequest, HttpResponse } from '../parts.js';
import { changeCapabilities, type ServerScope } from '../protocol/features.js';
import { createMcpServer } from '../protocol/mcp-server.js';
import type { HttpApp, SessionRoutes } from './app.js';
import { fromWebResponse } from './exchange.js';
import { Subscriptions } from './subscriptions.js';

/** The MCP SDK, and what only it can answer. */
export interface SdkHandler {
  readonly subscriptions: Subscriptions;
  readonly sessions: SessionRoutes | undefined;
  answer(request: HttpRequest, body: unknown, asked: RequestContext): Promise<HttpResponse>;
  close(): Promise<void>;
}

/** Who asks, and for what. */
export interface RequestContext {
  readonly principal: Principal;
  readonly scope: ServerScope;
}

export async function openSdkHandler(app: HttpApp): Promise<SdkHandler> {
  const { auth, config, log } = app;
  const asked = new WeakMap<Request, RequestContext>();
  const subscriptions = new Subscriptions(app);
  const { stepUp } = auth;

  const mcp = createMcpHandler(
    ({ requestInfo, era }) => {
      const { principal, scope } = known(asked, requestInfo);
      const changes = era === 'modern' ? changeCapabilities(app, app.policy) : 'none';
      return createMcpServer(app, principal, { ...scope, changes, stepUp });
    },
    {
      maxRequestBodySize: config.MAX_BODY_BYTES,
      onerror: (error) => log.debug({ err: error }, 'request refused by the protocol'),
    },
  );
  const sessions = await app.sessions?.load(app);

  return {
    subscriptions,
    sessions,
    async answer(request, body, who) {
      const inSession = await sessions?.answer(request, body, who.principal);
      if (inSession !== undefined) return inSession;
      const webRequest = request.toRequest();
      asked.set(webRequest, who);
      const authInfo = auth.authInfo?.(who.principal);
      const response = await mcp.fetch(webRequest, {
        parsedBody: body,
        ...(authInfo && { authInfo }),
      });
      return fromWebResponse(response);
    },
    async close() {
      const closing = [mcp.close(), subscriptions.close(), sessions?.close()];
      await Promise.all(closing);
    },
  };
}

function known(asked: WeakMap<Request, RequestContext>, request?: Request): RequestContext {
  const who = request && asked.get(request);
  if (who === undefined) throw new Error('a request without a principal reached the protocol');
  return who;
}
