import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isObject } from '../is-object.js';
import { type CheckOutcome, oneLine, SmokeFailure, skipped, storeDown } from './recorder.js';
import { member } from './schema.js';
import type { Era } from './types.js';

export const PASS_A_HEADER = "Pass a valid one: --header 'Authorization: Bearer <key>'";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Request {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

const MAX_BODY = 64 * 1024;

/** A plain HTTP exchange. Unlike `fetch` it sends any Host and Origin header, which is what is tested here. */
export function send(
  url: URL,
  { method = 'GET', headers, body, signal }: Request,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = open(url, { method, headers: { ...headers }, signal, agent: false });
    request.once('error', reject);
    request.once('response', (response) => {
      let text = '';
      const finish = () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        // An event stream does not end; what matters came first.
        if (text.length > MAX_BODY) response.destroy();
      });
      response.once('end', finish);
      response.once('close', finish);
      response.once('error', reject);
    });
    request.end(body);
  });
}

/** The first message of a client of that era, sent by hand. */
export function greet(
  era: Era,
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Answer> {
  const clientInfo = { name: 'mcp-gen-smoke', version: '1.0.0' };
  const modern = era === '2026-07-28';
  const method = modern ? 'server/discover' : 'initialize';
  const params = modern
    ? {
        _meta: {
          'io.modelcontextprotocol/protocolVersion': era,
          'io.modelcontextprotocol/clientInfo': clientInfo,
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      }
    : { protocolVersion: era, capabilities: {}, clientInfo };
  return send(url, {
    method: 'POST',
    signal,
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...(modern ? { 'mcp-protocol-version': era, 'mcp-method': method } : {}),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
}

/** A health endpoint answers 200. With `optional`, a server that has none is skipped. */
export async function checkHealth(
  url: URL,
  optional: boolean,
  signal: AbortSignal,
): Promise<string | CheckOutcome> {
  const answer = await send(url, { signal });
  if (answer.status === 200) return '200';
  if (optional && answer.status >= 400 && answer.status < 500) {
    return skipped(`${url.pathname} does not exist (${answer.status})`);
  }
  throw new SmokeFailure(`${url.pathname} answered ${show(answer)}, expected 200`);
}

/** How long a server may take from listening to being ready. */
const READY_MS = 1000;

/** Ready means 200. A 503 that names a dependency which is not ready is the store's failure, not the server's. */
export async function checkReady(
  url: URL,
  optional: boolean,
  signal: AbortSignal,
): Promise<string | CheckOutcome> {
  const started = performance.now();
  for (;;) {
    const answer = await send(url, { signal });
    if (answer.status !== 503) {
      return answer.status === 200 ? '200' : checkHealth(url, optional, signal);
    }
    if (performance.now() - started > READY_MS) {
      const reason = unreadyReason(answer.body);
      if (reason !== null) return storeDown(reason);
      throw new SmokeFailure(`${url.pathname} answered ${show(answer)}, expected 200`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The dependencies that `{"checks":{"name":"reason"}}` says are not ready; null when the body does not say. */
function unreadyReason(body: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return null;
  }
  const checks = member(value, 'checks');
  if (!isObject(checks)) return null;
  const bad = Object.entries(checks).filter(([, state]) => state !== 'ok' && state !== true);
  if (bad.length === 0) return null;
  return bad
    .map(([name, state]) => `${name}: ${typeof state === 'string' ? state : JSON.stringify(state)}`)
    .join(', ');
}

/** Status and beginning of the body, for a person. */
export function show(answer: Answer): string {
  const body = oneLine(answer.body, 160);
  return body === '' ? String(answer.status) : `${answer.status} ${body}`;
}
