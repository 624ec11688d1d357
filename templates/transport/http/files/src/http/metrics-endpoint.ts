import { createHash, timingSafeEqual } from 'node:crypto';
import type { Server } from 'node:http';
import type { App } from '../app.js';
import type { Config } from '../config.js';
import type { Answer, Incoming } from './exchange.js';
import {
  addressGuard,
  firstRefusal,
  type Guard,
  hostGuard,
  isLocal,
  originGuard,
} from './guards.js';
import { createNodeServer } from './node-server.js';

const TEXT = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };
/** How many connections `METRICS_PORT` takes: the file descriptors are for calls. */
const MAX_READERS = 8;
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
export function metricsEndpoint(app: App): (request: Incoming) => Answer {
  const { METRICS_TOKEN, METRICS_PORT } = app.config;
  const isThere =
    METRICS_PORT === undefined && (METRICS_TOKEN !== undefined || !isProxied(app.config));
  const tell = tellMetrics(app, hostGuard(app.config));
  return (request) =>
    isThere && (METRICS_TOKEN !== undefined || isFromHere(request)) ? tell(request) : notFound();
}

/**
 * Serves `/metrics` on a port of its own, `METRICS_PORT`, to whoever reaches it by its address or an allowed name: a web page
 * comes by a name of its own. `METRICS_TOKEN` holds there, too.
 */
export function createMetricsServer(app: App): Server {
  const tell = tellMetrics(app, addressGuard(app.config));
  const answer = async (request: Incoming) =>
    request.path === '/metrics' ? tell(request) : notFound();
  const server = createNodeServer(answer, app.log);
  server.maxConnections = MAX_READERS;
  return server;
}

/** With a token it does not matter by which name it is asked for: no web page has that. */
function tellMetrics({ config, metrics }: App, host: Guard): (request: Incoming) => Answer {
  const { METRICS_TOKEN } = config;
  const addressed = [host, originGuard(config)];
  return (request) => {
    if (request.method !== 'GET') return notFound();
    if (METRICS_TOKEN !== undefined) {
      const isKnown = hasToken(request.headers.get('authorization'), METRICS_TOKEN);
      return isKnown ? text(200, metrics.registry.text()) : notFound();
    }
    return firstRefusal(request, addressed) ?? text(200, metrics.registry.text());
  };
}

function notFound(): Answer {
  return text(404, 'Not found.\n');
}

function text(status: number, body: string): Answer {
  return { status, headers: { ...TEXT }, body };
}

/** Whether the server is set up for clients that come through a proxy. */
function isProxied({ PUBLIC_URL, ALLOWED_HOSTS, TRUST_PROXY }: Config): boolean {
  const isPublic = PUBLIC_URL !== undefined && !isLocal(PUBLIC_URL);
  return isPublic || ALLOWED_HOSTS.length > 0 || TRUST_PROXY !== undefined;
}

function isFromHere({ sender, headers }: Incoming): boolean {
  return LOOPBACK.test(sender) && PROXIED.every((name) => headers.get(name) === null);
}

function hasToken(authorization: string | null, token: string): boolean {
  const sent = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return sent !== undefined && timingSafeEqual(sha256(sent), sha256(token));
}

function sha256(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
