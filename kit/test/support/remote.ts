import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { nodeHost } from '../../src/host/node/host.js';
import { HttpApi, type HttpApiOptions } from '../../src/outbound/http-api.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { Registry } from '../../src/telemetry/metrics.js';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that answers as a test says, and remembers what it was asked. */
export async function remote(answer: Answer) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests };
}

/** An address where something listened a moment ago. */
export async function unusedAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}

/** Answers with JSON. */
export function sendJson(
  response: ServerResponse,
  value: unknown,
  headers: Record<string, string> = {},
  status = 200,
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}

/** A client for a server, with its metrics and what it logs. */
export function clientOf(url: string, options: Partial<HttpApiOptions> = {}) {
  const lines: string[] = [];
  const log = createLogger(nodeHost, 'silent', 'test');
  for (const level of ['warn', 'error'] as const) {
    log[level] = ((...args: unknown[]) => {
      const [details] = args;
      const { err } = (details ?? {}) as { err?: unknown };
      lines.push(`${level} ${JSON.stringify(args)} ${err instanceof Error ? err.stack : ''}`);
    }) as never;
  }
  const metrics = new Registry();
  const about = { name: 'test', version: '1.0.0' };
  const api = new HttpApi(
    { about, host: nodeHost, log, metrics },
    { name: 'Shop', baseUrl: url, timeoutMs: 2_000, ...options },
  );
  return { api, metrics, lines };
}
