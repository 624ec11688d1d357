import { type Era, MODERN_VERSION, type PlainRequest } from '../dispatch/plain-request.js';
import type { Answer, RequestHeaders } from './exchange.js';

const LEGACY_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26'];
const EVENTS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};

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
      (request.method === 'tools/list' || headers.get('mcp-name') === request.name)
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

/** The messages that answer a request, in the form that its era expects. */
export function asAnswer(era: Era, messages: readonly object[]): Answer {
  return textAnswer(
    era,
    messages.map((message) => JSON.stringify(message)),
  );
}

/** The same for messages that are JSON already. */
export function textAnswer(era: Era, messages: readonly string[]): Answer {
  const [first = ''] = messages;
  if (era === 'modern' && messages.length === 1) {
    return { status: 200, headers: { 'content-type': 'application/json' }, body: first };
  }
  const events = messages.map((message) => `event: message\ndata: ${message}\n\n`);
  return { status: 200, headers: { ...EVENTS }, body: events.join('') };
}
