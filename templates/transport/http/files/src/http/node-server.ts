import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { refuse } from './json.js';

type Fetch = (request: Request, sender?: string) => Promise<Response>;

/** Slow clients lose their connection after these times (milliseconds). */
const TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 1_000,
};

/** How long a client may take to read what it asked for before it loses its connection (milliseconds). */
const READ_TIMEOUT = 30_000;

/** Serves a web-standard `fetch` function over `node:http`. */
export function createNodeServer(fetch: Fetch): Server {
  return createServer(TIMEOUTS, (incoming, outgoing) => {
    serve(fetch, incoming, outgoing).catch(() => outgoing.destroy());
  });
}

async function serve(
  fetch: Fetch,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  outgoing.once('close', () => gone.abort());
  outgoing.setTimeout(READ_TIMEOUT, () => {
    if (outgoing.writableNeedDrain) outgoing.destroy();
  });
  const request = toRequest(incoming, gone.signal);
  const response = request
    ? await fetch(request, incoming.socket.remoteAddress)
    : refuse(400, 'This request cannot be understood.', { 'x-content-type-options': 'nosniff' });

  // Whether the connection stays is between the client and node:http, unless the server is going away.
  if (response.headers.get('connection') !== 'close') response.headers.delete('connection');
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body === null) outgoing.end();
  else await pipeline(Readable.fromWeb(response.body), outgoing);
}

/** `undefined` for what HTTP allows and the web standard does not, such as the method TRACE. */
function toRequest(incoming: IncomingMessage, signal: AbortSignal): Request | undefined {
  // Distinct: a header that was sent twice must not hide one of its values from the guards.
  const { method = 'GET', url = '/', headersDistinct } = incoming;
  const pairs = Object.entries(headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  );
  try {
    return new Request(`http://localhost${url}`, {
      method,
      headers: pairs,
      signal,
      ...(method !== 'GET' &&
        method !== 'HEAD' && { body: Readable.toWeb(incoming), duplex: 'half' }),
    });
  } catch {
    return undefined;
  }
}
