import type { Answer, Incoming } from './exchange.js';

const ALLOWED_HEADERS =
  'authorization, x-api-key, content-type, accept, mcp-protocol-version, mcp-method, mcp-name, mcp-session-id, last-event-id, x-request-id';

const EXPOSED_HEADERS = 'mcp-session-id, www-authenticate, retry-after, x-request-id';

/** The answer to a browser's preflight. Its origin has passed the origin guard. */
export function preflight(methods: readonly string[]): Answer {
  return {
    status: 204,
    headers: {
      'access-control-allow-methods': methods.join(', '),
      'access-control-allow-headers': ALLOWED_HEADERS,
      'access-control-max-age': '600',
    },
    body: null,
  };
}

/** Lets the allowed origin behind `request` read `answer`. */
export function withCors(request: Incoming, answer: Answer): Answer {
  const origin = request.headers.get('origin');
  if (origin === null) return answer;
  const { headers } = answer;
  headers['access-control-allow-origin'] = origin;
  headers['access-control-expose-headers'] = EXPOSED_HEADERS;
  headers.vary = 'origin';
  return answer;
}
