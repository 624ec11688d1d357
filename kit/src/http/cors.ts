import type { Answer, Incoming } from './exchange.js';

const ALLOWED_HEADERS =
  'authorization, x-api-key, content-type, accept, mcp-protocol-version, mcp-method, mcp-name, mcp-session-id, last-event-id, x-request-id';

const EXPOSED_HEADERS = 'mcp-session-id, www-authenticate, retry-after, x-request-id';

/** Arguments of a tool that clients repeat in headers, for whoever routes the call: their names are the tool's. */
const PARAM_HEADER = /^mcp-param-[\w!#$%&'*+.^`|~-]+$/;

/** The answer to a browser's preflight. Its origin has passed the origin guard. */
export function preflight(request: Incoming, methods: readonly string[]): Answer {
  const asked = request.headers.get('access-control-request-headers') ?? '';
  const names = asked.split(',').map((name) => name.trim().toLowerCase());
  const params = names.filter((name) => PARAM_HEADER.test(name));
  return {
    status: 204,
    headers: {
      'access-control-allow-methods': methods.join(', '),
      'access-control-allow-headers': [ALLOWED_HEADERS, ...params].join(', '),
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
