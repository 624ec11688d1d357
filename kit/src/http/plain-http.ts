import { type Era, MODERN_VERSION, type PlainRequest } from '../protocol/plain-request.js';
import type { Answer, RequestHeaders } from './exchange.js';

const LEGACY_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26'];
const EVENTS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};

const EVENT = 'event: message\ndata: ';
const END_OF_EVENT = '\n\n';

/**
 * Whether the headers of a plain request say what its body says. Those that say it in another way, or something else, are
 * for the protocol library.
 * @see https://modelcontextprotocol.io/specification/draft/basic/transports
 */
export function headersAgree(headers: RequestHeaders, request: PlainRequest): boolean {
  const version = headers.get('mcp-protocol-version');
  if (request.era === 'modern') {
    return (
      version === MODERN_VERSION &&
      headers.get('mcp-method') === request.method &&
      (request.method !== 'tools/call' || headers.get('mcp-name') === request.name)
    );
  }
  const accept = headers.get('accept') ?? '';
  return (
    (version === null || LEGACY_VERSIONS.includes(version)) &&
    headers.get('mcp-session-id') === null &&
    accept.includes('application/json') &&
    accept.includes('text/event-stream')
  );
}

/** The messages that answer a request, which are JSON, in the form that its era expects. */
export function asAnswer(era: Era, messages: readonly string[]): Answer {
  const [first = ''] = messages;
  if (era === 'modern' && messages.length === 1) {
    return { status: 200, headers: { 'content-type': 'application/json' }, body: first };
  }
  const events = messages.map((message) => EVENT + message + END_OF_EVENT);
  return { status: 200, headers: { ...EVENTS }, body: events.join('') };
}

/** The same for one message whose result is there in UTF-8: it is long, and not copied. */
export function keptAnswer(era: Era, id: string | number, result: Uint8Array): Answer {
  const isEvent = era === 'legacy';
  const begin = `${isEvent ? EVENT : ''}{"result":`;
  const end = `,"jsonrpc":"2.0","id":${JSON.stringify(id)}}${isEvent ? END_OF_EVENT : ''}`;
  const headers = isEvent ? { ...EVENTS } : { 'content-type': 'application/json' };
  return { status: 200, headers, body: [Buffer.from(begin), result, Buffer.from(end)] };
}
