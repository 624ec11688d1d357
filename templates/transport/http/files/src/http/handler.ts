import { randomUUID } from 'node:crypto';
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { App } from '../app.js';
import { createAuthenticator } from '../auth/index.js';
import { withCorrelationId } from '../observability/logger.js';
import type { Principal } from '../pipeline/principal.js';
import { createServer } from '../server.js';
import { CallsUnderWay } from './calls-under-way.js';
import { preflight, withCors } from './cors.js';
import { contentTypeGuard, firstRefusal, hostGuard, methodGuard, originGuard } from './guards.js';
import { readiness } from './health.js';
import { json, refuse } from './json.js';
import { readJson } from './read-json.js';

export interface HttpHandler {
  /** Answers one request. Never throws. */
  fetch(request: Request): Promise<Response>;
  /** Says on `/readyz` that this server is going away, waits for the calls under way, then ends open streams. */
  drain(): Promise<void>;
}

/** Everything that is served over HTTP: `/mcp`, `/healthz` and `/readyz`. */
export function createHttpHandler(app: App): HttpHandler {
  const { config, log } = app;
  const authenticate = createAuthenticator(config);
  const addressed = [hostGuard(config), originGuard(config)];
  const wellFormed = [methodGuard, contentTypeGuard];
  const principals = new WeakMap<Request, Principal>();
  const calls = new CallsUnderWay();
  let draining = false;

  const mcp = createMcpHandler(
    ({ requestInfo }) => createServer(app, principalOf(principals, requestInfo)),
    {
      maxRequestBodySize: config.MAX_BODY_BYTES,
      onerror: (error) => log.debug({ err: error }, 'request refused by the protocol'),
    },
  );

  async function serveMcp(request: Request): Promise<Response> {
    const misaddressed = firstRefusal(request, addressed);
    if (misaddressed) return misaddressed;
    if (request.method === 'OPTIONS') return withCors(request, preflight());
    const answer = firstRefusal(request, wellFormed) ?? (await serveCaller(request));
    return withCors(request, answer);
  }

  async function serveCaller(request: Request): Promise<Response> {
    const caller = await authenticate(request.headers);
    if ('refusal' in caller) return caller.refusal;
    const read = await readJson(request, config.MAX_BODY_BYTES);
    if ('refusal' in read) return read.refusal;
    principals.set(request, caller.principal);
    if (!isSubscription(read.body)) calls.track(request);
    return await mcp.fetch(request, { parsedBody: read.body });
  }

  async function route(request: Request): Promise<Response> {
    switch (new URL(request.url).pathname) {
      case '/mcp':
        return await serveMcp(request);
      case '/healthz':
        return json(200, { status: 'ok' });
      case '/readyz':
        return await readiness(app, draining);
      default:
        return refuse(404, 'Not found. MCP is served at /mcp.');
    }
  }

  return {
    async fetch(request) {
      const id = requestId(request);
      return await withCorrelationId(id, async () => {
        const response = await route(request).catch((error: unknown) => {
          log.error({ err: error }, 'request failed');
          return refuse(500, `Internal error. Reference: ${id}.`, undefined, -32_603);
        });
        response.headers.set('x-request-id', id);
        response.headers.set('x-content-type-options', 'nosniff');
        return response;
      });
    },
    async drain() {
      draining = true;
      await calls.finished();
      await mcp.close();
    },
  };
}

/** A stream that stays open until someone ends it. */
function isSubscription(body: unknown): boolean {
  return (body as { method?: unknown } | null)?.method === 'subscriptions/listen';
}

/** The caller's `x-request-id`, if it is harmless in a log line, else a new one. */
function requestId(request: Request): string {
  const given = request.headers.get('x-request-id') ?? '';
  return /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}

function principalOf(principals: WeakMap<Request, Principal>, request?: Request): Principal {
  const principal = request && principals.get(request);
  if (principal === undefined)
    throw new Error('a request without a principal reached the protocol');
  return principal;
}
