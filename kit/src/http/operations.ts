import type { Host, Timer } from '../host/host.js';
import type { HttpRequest, HttpResponse } from '../parts.js';
import type { HttpApp, HttpSettings } from './app.js';
import { json } from './exchange.js';
import {
  addressGuard,
  firstRefusal,
  type Guard,
  hostGuard,
  isLocal,
  originGuard,
} from './guards.js';
import type { HttpMetrics } from './metrics.js';

const CHECK_TIMEOUT_MS = 2_000;
const CHECK_EVERY_MS = 1_000;

type Outcome = 'ok' | 'unreachable' | 'timeout';
type Results = readonly (readonly [name: string, outcome: Outcome])[];

/**
 * Answers 200 while everything that the server depends on can be reached, else 503 with the names of what cannot. It looks at most
 * once in a second, however many ask.
 */
export function createReadiness(
  checks: Readonly<Record<string, () => Promise<void>>>,
  metrics: HttpMetrics,
): (draining: boolean) => Promise<HttpResponse> {
  let latest: Promise<Results> | undefined;
  let until = 0;
  let known: Results = [];

  async function check(): Promise<Results> {
    const results = Object.entries(checks).map(
      async ([name, ping]) => [name, await outcome(attempt(ping))] as const,
    );
    known = await Promise.all(results);
    return known;
  }

  function look() {
    if (latest === undefined || performance.now() >= until) {
      latest = check();
      until = performance.now() + CHECK_EVERY_MS;
    }
    return latest;
  }

  metrics.countDependencies(() => {
    // The next one to ask gets to know what this look finds.
    void look();
    return known.map(([name, result]) => [name, result === 'ok']);
  });

  return async (draining) => {
    if (draining) return json(503, { status: 'draining' });
    const results = await look();
    const ready = results.every(([, result]) => result === 'ok');
    const body = { status: ready ? 'ready' : 'unavailable', checks: Object.fromEntries(results) };
    return json(ready ? 200 : 503, body);
  };
}

/** A check of the owner may throw at once. */
async function attempt(check: () => Promise<void>): Promise<void> {
  await check();
}

async function outcome(check: Promise<void>): Promise<Outcome> {
  let timer: Timer | undefined;
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(() => resolve('timeout'), CHECK_TIMEOUT_MS);
  });
  const result = check.then(
    () => 'ok' as const,
    () => 'unreachable' as const,
  );
  return await Promise.race([result, timeout]).finally(() => clearTimeout(timer));
}

const TEXT = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };
const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;
const PROXIED = [
  'cf-connecting-ip',
  'forwarded',
  'true-client-ip',
  'via',
  'x-envoy-external-address',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
];

/**
 * Serves `/metrics` on the port of the server. With `METRICS_TOKEN` it is for whoever sends that as a bearer token. Without, it is
 * for this machine alone, and not when a setting says that a proxy may be in front: one on this machine that adds no header
 * cannot be told from it. When there is a `METRICS_PORT`, it is not there.
 */
export function metricsEndpoint(app: HttpApp): (request: HttpRequest) => HttpResponse {
  const { METRICS_TOKEN, METRICS_PORT } = app.config;
  const isThere =
    METRICS_PORT === undefined && (METRICS_TOKEN !== undefined || !isProxied(app.config));
  const tell = serveMetrics(app, hostGuard(app.config));
  return (request) =>
    isThere && (METRICS_TOKEN !== undefined || isFromHere(request)) ? tell(request) : notFound();
}

/**
 * Serves `/metrics` on a port of its own, `METRICS_PORT`, to whoever reaches it by its address or an allowed name: a web page
 * comes by a name of its own. `METRICS_TOKEN` holds there, too.
 */
export function metricsOnOwnPort(app: HttpApp): (request: HttpRequest) => HttpResponse {
  const tell = serveMetrics(app, addressGuard(app.config));
  return (request) => (request.path === '/metrics' ? tell(request) : notFound());
}

/** With a token it does not matter by which name it is asked for: no web page has that. */
function serveMetrics(
  { config, host: machine, metrics }: HttpApp,
  host: Guard,
): (request: HttpRequest) => HttpResponse {
  const { METRICS_TOKEN } = config;
  const addressed = [host, originGuard(config)];
  return (request) => {
    if (request.method !== 'GET') return notFound();
    if (METRICS_TOKEN !== undefined) {
      const isKnown = hasToken(request.headers.get('authorization'), METRICS_TOKEN, machine);
      return isKnown ? text(200, metrics.registry.text()) : notFound();
    }
    return firstRefusal(request, addressed) ?? text(200, metrics.registry.text());
  };
}

function notFound(): HttpResponse {
  return text(404, 'Not found.\n');
}

function text(status: number, body: string): HttpResponse {
  return { status, headers: { ...TEXT }, body };
}

/** Whether the server is set up for clients that come through a proxy. */
function isProxied({ PUBLIC_URL, ALLOWED_HOSTS, TRUST_PROXY }: HttpSettings): boolean {
  const isPublic = PUBLIC_URL !== undefined && !isLocal(PUBLIC_URL);
  return isPublic || ALLOWED_HOSTS.length > 0 || TRUST_PROXY !== undefined;
}

function isFromHere({ sender, headers }: HttpRequest): boolean {
  return LOOPBACK.test(sender) && PROXIED.every((name) => headers.get(name) === null);
}

function hasToken(
  authorization: string | null,
  token: string,
  { sha256Bytes: sha256, timingSafeEqual }: Host,
): boolean {
  const sent = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return sent !== undefined && timingSafeEqual(sha256(sent), sha256(token));
}
