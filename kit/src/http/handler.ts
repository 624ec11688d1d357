import { andThen, isPromise, type MaybePromise } from '../calls/call.js';
import { ConfigError } from '../definitions/settings.js';
import { orHurry } from '../host/host.js';
import { Concurrency } from '../limits/call-limits.js';
import type { HttpRequest, HttpResponse } from '../parts.js';
import { isListenRequest } from '../protocol/requests.js';
import type { HttpApp, OwnRoute } from './app.js';
import { readJson } from './body.js';
import { RequestLimit, throttleCredentials, tooManyRequests } from './callers.js';
import { fromWebRequest, json, PendingResponses, refuse, toWebResponse } from './exchange.js';
import {
  clientAddress,
  contentTypeGuard,
  firstRefusal,
  hostGuard,
  methodGuard,
  originGuard,
  preflight,
  withCors,
} from './guards.js';
import { type Limit, LineLimit } from './metrics.js';
import { createReadiness, metricsEndpoint } from './operations.js';
import { createProtocol } from './protocol.js';

/** How many lines a second refused requests may have in the log. */
const MAX_REFUSALS_LOGGED = 20;

export interface HttpHandler {
  /** Answers one request. Never throws. */
  answer(request: HttpRequest): Promise<HttpResponse>;
  /** The same for a web-standard request; `sender` is the address that it came from. */
  fetch(request: Request, sender?: string): Promise<Response>;
  /** Loads what the first answers do not need. @throws when it cannot be loaded */
  prepare(): Promise<void>;
  /** From now on `/readyz` and every answer say that this server is going away. */
  announceEnd(): void;
  /** Waits for the calls under way, as long as there is no hurry, then ends open streams. */
  drain(hurry: AbortSignal): Promise<void>;
}

/** What the server answers itself. */
const OWN_PATHS = ['/mcp', '/healthz', '/readyz', '/metrics'];

/**
 * Everything that is served over HTTP: `/mcp`, `/healthz`, `/readyz`, `/metrics`, and the routes of the owner.
 * @throws {ConfigError} when a route would never be reached.
 */
export function createHttpHandler(app: HttpApp): HttpHandler {
  const { auth, checks, config, credentialHeaders, host, log, metrics, ownRoutes, tracing } = app;
  const authenticate = auth.isOpen
    ? auth.authenticate
    : throttleCredentials(auth.authenticate, credentialHeaders, config, host);
  refuseHidden(ownRoutes, [...OWN_PATHS, ...(auth.paths ?? [])]);
  if (!auth.isOpen) metrics.countAuthFailures();
  const requests = new RequestLimit(config);
  const refusals = new LineLimit(MAX_REFUSALS_LOGGED);
  const bodies = new Concurrency(config.MAX_CONCURRENT_CALLS);
  const readiness = createReadiness(checks, metrics);
  const metricsRoute = metricsEndpoint(app);
  const addressed = [hostGuard(config), originGuard(config)];
  const methods = app.sessions === undefined ? ['POST'] : ['POST', 'GET', 'DELETE'];
  const wellFormed = [methodGuard(methods), contentTypeGuard];
  const calls = new PendingResponses();
  const protocol = createProtocol(app);
  let draining = false;

  function serveMcp(request: HttpRequest): MaybePromise<HttpResponse> {
    const misaddressed = firstRefusal(request, addressed);
    if (misaddressed) return refused(request, misaddressed);
    if (request.method === 'OPTIONS') return withCors(request, preflight(request, methods));
    return andThen(firstRefusal(request, wellFormed) ?? serveCaller(request), (answer) =>
      withCors(request, answer.status >= 400 ? refused(request, answer) : answer),
    );
  }

  function refused(request: HttpRequest, answer: HttpResponse): HttpResponse {
    metrics.requestRefused(answer.status);
    const { status } = answer;
    refusals.write((leftOut) =>
      log.info({ status, sender: addressOf(request), ...leftOut }, 'request refused'),
    );
    return answer;
  }

  function addressOf({ sender, headers }: HttpRequest): string {
    return clientAddress(sender, headers.get('x-forwarded-for'), config.TRUST_PROXY);
  }

  async function serveCaller(request: HttpRequest): Promise<HttpResponse> {
    const answered = calls.track(request);
    const address = addressOf(request);
    const authenticated = authenticate(request.headers, address);
    const caller = isPromise(authenticated) ? await authenticated : authenticated;
    if ('refusal' in caller) {
      metrics.authFailed(caller.refusal.status, request.headers, credentialHeaders);
      return caller.refusal;
    }
    const tooMany = requests.refusal(caller.principal);
    if (tooMany) return limited('requests', tooMany);
    const { id } = caller.principal;
    const authenticateAgain = async () => authenticate(request.headers, address);
    if (request.method !== 'POST') {
      answered();
      return protocol.answerWithoutBody(request, caller.principal, authenticateAgain);
    }
    const bodyRead = bodies.begin(id);
    if (bodyRead === undefined) return limited('requests_under_way');
    const read = await readJson(request, config.MAX_BODY_BYTES, bodyRead);
    if ('refusal' in read) return read.refusal;
    if (Array.isArray(read.body)) {
      const tooManyMessages = requests.refusal(caller.principal, read.body.length - 1);
      if (tooManyMessages) return limited('requests', tooManyMessages);
    }
    if (isListenRequest(read.body)) {
      answered();
      return protocol.listen(request, read.body, caller.principal, authenticateAgain);
    }
    return protocol.answer(request, read.body, caller.principal);
  }

  /** Routes of the owner: a protected one passes the same guards as `/mcp`, and its caller the same checks. */
  function serveOwn(request: HttpRequest): MaybePromise<HttpResponse> | undefined {
    const { method, path } = request;
    const route = ownRoutes.find((one) => one.path === path && one.method === method);
    if (route === undefined) return undefined;
    const misaddressed = firstRefusal(request, addressed);
    if (misaddressed) return refused(request, misaddressed);
    calls.track(request);
    if (!route.isProtected) return route.handle(request);
    return andThen(authenticate(request.headers, addressOf(request)), (caller) => {
      if ('refusal' in caller) {
        metrics.authFailed(caller.refusal.status, request.headers, credentialHeaders);
        return refused(request, caller.refusal);
      }
      const tooMany = requests.refusal(caller.principal);
      return tooMany
        ? refused(request, limited('requests', tooMany))
        : route.handle(request, caller.principal);
    });
  }

  function limited(limit: Limit, refusal = tooManyRequests(1_000)): HttpResponse {
    metrics.limited(limit);
    return refusal;
  }

  function route(request: HttpRequest): MaybePromise<HttpResponse> {
    const ofAuth = auth.route?.(request);
    if (ofAuth !== undefined) return ofAuth;
    switch (request.path) {
      case '/mcp':
        return serveMcp(request);
      case '/healthz':
        return json(200, { status: 'ok' });
      case '/readyz':
        return readiness(draining);
      case '/metrics':
        return metricsRoute(request);
      default:
        return serveOwn(request) ?? refuse(404, 'Not found. MCP is served at /mcp.');
    }
  }

  async function serve(request: HttpRequest, id: string): Promise<HttpResponse> {
    tracing?.received?.(request.headers);
    let answer: HttpResponse;
    try {
      const routed = route(request);
      answer = isPromise(routed) ? await routed : routed;
    } catch (error) {
      metrics.requestRefused(500);
      log[request.signal.aborted ? 'debug' : 'error']({ err: error }, 'request failed');
      answer = refuse(500, `Internal error. Reference: ${id}.`, undefined, -32_603);
    }
    answer.headers['x-request-id'] = id;
    answer.headers['x-content-type-options'] = 'nosniff';
    if (draining) answer.headers.connection = 'close';
    return answer;
  }

  function answer(request: HttpRequest): Promise<HttpResponse> {
    const id = requestId(request);
    return host.requests.run({ id }, () => serve(request, id));
  }

  return {
    answer,
    async fetch(request, sender) {
      const incoming = fromWebRequest(request, sender);
      return toWebResponse(await answer(incoming), () => incoming.end());
    },
    prepare: () => protocol.prepare(),
    announceEnd() {
      draining = true;
    },
    async drain(hurry) {
      draining = true;
      // A call of a session goes on when its client has gone.
      await orHurry(Promise.all([calls.finished(), app.running.none()]), hurry);
      await protocol.close();
      // What is answered by its end is on its way.
      await orHurry(calls.finished(), AbortSignal.abort());
    },
  };
}

/** The caller's `x-request-id`, if it is harmless in a log line, else a new one. */
function requestId(request: HttpRequest): string {
  const given = request.headers.get('x-request-id') ?? '';
  return /^[\w.-]{1,64}$/.test(given) ? given : crypto.randomUUID();
}

function refuseHidden(routes: readonly OwnRoute[], taken: readonly string[]): void {
  const problems = routes.flatMap(({ method, path }, index) => {
    const name = `the route ${method} ${path}`;
    if (!/^\/[^?#]*$/.test(path)) return [`${name}: a path begins with / and has no query`];
    if (taken.includes(path))
      return [`${name}: the server answers ${path} itself; take another path`];
    const isTwin = routes.slice(0, index).some((one) => one.method === method && one.path === path);
    return isTwin ? [`${name}: is there twice; remove one of them`] : [];
  });
  if (problems.length > 0) throw new ConfigError(problems);
}
