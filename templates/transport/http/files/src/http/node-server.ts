import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Answer, type Incoming, refuse } from './exchange.js';
import { NodeRequest, pathOf } from './node-request.js';

// To import it would load the HTTP client of Node.js, too, which is a fifth of a start (Node.js 22 and newer).
const { createServer } = process.getBuiltinModule('node:http');

/** Slow clients lose their connection after these times (milliseconds). */
const TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 1_000,
};

/** How long a client may take to read what it asked for before it loses its connection (milliseconds). */
const READ_TIMEOUT = 30_000;

/** Serves `answer` over `node:http`. */
export function createNodeServer(answer: (request: Incoming) => Promise<Answer>): Server {
  return createServer(TIMEOUTS, (incoming, outgoing) => {
    serve(answer, incoming, outgoing).catch(() => outgoing.destroy());
  });
}

async function serve(
  answer: (request: Incoming) => Promise<Answer>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const path = pathOf(incoming);
  const { status, headers, body } =
    path === undefined
      ? refuse(400, 'This request cannot be understood.', { 'x-content-type-options': 'nosniff' })
      : await answer(new NodeRequest(incoming, outgoing, path));

  // Whether the connection stays is between the client and node:http, unless the server is going away.
  if (headers.connection !== 'close') delete headers.connection;
  if (typeof body === 'string') headers['content-length'] = String(Buffer.byteLength(body));
  outgoing.writeHead(status, headers);
  if (typeof body === 'string') outgoing.end(body);
  else if (body === null) outgoing.end();
  else {
    // Its first event may be a long time away.
    outgoing.flushHeaders();
    await pipeline(Readable.fromWeb(body), limitReading(outgoing));
  }
  if (outgoing.writableLength > 0) limitReading(outgoing);
}

/** A client that does not read on loses its connection. */
function limitReading(outgoing: ServerResponse): ServerResponse {
  return outgoing.setTimeout(READ_TIMEOUT, () => {
    if (outgoing.writableNeedDrain || outgoing.writableLength > 0) outgoing.destroy();
  });
}
