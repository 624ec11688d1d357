const ALLOWED_HEADERS =
  'authorization, x-api-key, content-type, accept, mcp-protocol-version, mcp-method, mcp-name, mcp-session-id, x-request-id';

/** The answer to a browser's preflight. Its origin has passed the origin guard. */
export function preflight(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': ALLOWED_HEADERS,
      'access-control-max-age': '600',
    },
  });
}

/** Lets the allowed origin behind `request` read `response`. */
export function withCors(request: Request, response: Response): Response {
  const origin = request.headers.get('origin');
  if (origin === null) return response;
  response.headers.set('access-control-allow-origin', origin);
  response.headers.set(
    'access-control-expose-headers',
    'www-authenticate, retry-after, x-request-id',
  );
  response.headers.append('vary', 'origin');
  return response;
}
