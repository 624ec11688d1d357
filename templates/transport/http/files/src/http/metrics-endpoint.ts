import { createHash, timingSafeEqual } from 'node:crypto';
import type { Server } from 'node:http';
import type { App } from '../app.js';
import type { Answer, Incoming } from './exchange.js';
import { firstRefusal, hostGuard, originGuard } from './guards.js';

// Not imported: see node-server.ts.
const { createServer } = process.getBuiltinModule('node:http');

const TEXT = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };
const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;
const PROXIED = ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'];

/**
 * Serves `/metrics` on the port of the server. With `METRICS_TOKEN` it is for whoever sends that as a bearer token, else for this
 * machine alone, and not through a proxy; for everyone else, and when there is a `METRICS_PORT`, it is not there.
 */
export function metricsEndpoint({ config, metrics }: App): (request: Incoming) => Answer {
  const { METRICS_TOKEN, METRICS_PORT } = config;
  const addressed = [hostGuard(config), originGuard(config)];
  return (request) => {
    if (METRICS_PORT !== undefined || request.method !== 'GET') return text(404, 'Not found.\n');
    const mayRead = METRICS_TOKEN
      ? hasToken(request.headers.get('authorization'), METRICS_TOKEN)
      : isFromHere(request);
    if (!mayRead) return text(404, 'Not found.\n');
    const refusal = METRICS_TOKEN ? undefined : firstRefusal(request, addressed);
    return refusal ?? text(200, metrics.registry.text());
  };
}

/** Serves `/metrics` on a port of its own, `METRICS_PORT`; `METRICS_TOKEN` holds there, too. */
export function createMetricsServer({ config, metrics }: App): Server {
  const { METRICS_TOKEN } = config;
  return createServer(({ method, url, headers }, outgoing) => {
    const mayRead = !METRICS_TOKEN || hasToken(headers.authorization ?? null, METRICS_TOKEN);
    const found = method === 'GET' && url === '/metrics' && mayRead;
    outgoing.writeHead(found ? 200 : 404, TEXT);
    outgoing.end(found ? metrics.registry.text() : 'Not found.\n');
  });
}

function text(status: number, body: string): Answer {
  return { status, headers: { ...TEXT }, body };
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
