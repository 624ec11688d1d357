import type { Server, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Logger } from 'pino';
import { type Answer, type Incoming, refuse } from '../http/exchange.js';
import { LineLimit } from '../http/line-limit.js';
import { isWritten, MAX_WAITING_BYTES } from '../http/web-request.js';
import { hasOneHost, NodeRequest, pathOf } from './node-request.js';

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

/** How many lines a second answers that cannot be sent may have in the log. */
const MAX_LOST_LOGGED = 20;

/** Ends the connection of an answer that cannot be sent, and logs why. */
type GiveUp = (outgoing: ServerResponse, error: unknown) => void;

/** Serves `answer` over `node:http`. */
export function createNodeServer(
  answer: (request: Incoming) => Promise<Answer>,
  log: Pick<Logger, 'error'>,
): Server {
  const lines = new LineLimit(MAX_LOST_LOGGED);
  const giveUp: GiveUp = (outgoing, error) => {
    outgoing.destroy();
    lines.write((leftOut) => log.error({ err: error, ...leftOut }, 'an answer cannot be sent'));
  };
  return createServer(TIMEOUTS, (incoming, outgoing) => {
    const path = pathOf(incoming);
    if (path === undefined || !hasOneHost(incoming)) {
      return sendSoon(notUnderstood(), outgoing, giveUp);
    }
    answer(new NodeRequest(incoming, outgoing, path)).then(
      (answered) => sendSoon(answered, outgoing, giveUp),
      (error: unknown) => giveUp(outgoing, error),
    );
  });
}

let unsent: (readonly [Answer, ServerResponse, GiveUp])[] = [];

/**
 * Sends the answers of one turn of the event loop together, when all requests that have arrived are read: each write wakes
 * whoever waits for it, and to change between the two for each answer costs more than most calls do.
 */
function sendSoon(answer: Answer, outgoing: ServerResponse, giveUp: GiveUp): void {
  if (unsent.push([answer, outgoing, giveUp]) > 1) return;
  setImmediate(() => {
    const all = unsent;
    unsent = [];
    for (const one of all) sendOrGiveUp(...one);
  });
}

/** An answer that cannot be sent costs its own connection and none of the others in its turn. */
function sendOrGiveUp(answer: Answer, outgoing: ServerResponse, giveUp: GiveUp): void {
  try {
    send(answer, outgoing, giveUp);
  } catch (error) {
    giveUp(outgoing, error);
  }
}

function notUnderstood(): Answer {
  const headers = { 'x-content-type-options': 'nosniff' };
  return refuse(400, 'This request cannot be understood.', headers);
}

function send({ status, headers, body }: Answer, outgoing: ServerResponse, giveUp: GiveUp): void {
  // Whether the connection stays is between the client and node:http, unless the server is going away.
  if (headers.connection !== 'close') delete headers.connection;
  if (body instanceof ReadableStream) {
    outgoing.writeHead(status, headers);
    // Its first event may be a long time away.
    outgoing.flushHeaders();
    pipeline(Readable.fromWeb(body), limitReading(outgoing)).catch((error: unknown) => {
      // Clients leave their streams all the time.
      if (isEndOfClient(error)) outgoing.destroy();
      else giveUp(outgoing, error);
    });
    return;
  }
  if (isWritten(body)) {
    outgoing.writeHead(status, headers);
    outgoing.flushHeaders();
    limitReading(outgoing);
    let drained: Promise<void> | undefined;
    body.start({
      write(text) {
        if (outgoing.destroyed || outgoing.write(text)) return;
        if (outgoing.writableLength > MAX_WAITING_BYTES) {
          return giveUp(outgoing, new Error('the client does not read its answer'));
        }
        drained ??= nextDrain(outgoing).then(() => {
          drained = undefined;
        });
        return drained;
      },
      end() {
        if (!outgoing.destroyed) outgoing.end();
      },
    });
    return;
  }
  if (typeof body === 'string') {
    headers['content-length'] = String(Buffer.byteLength(body));
    outgoing.writeHead(status, headers).end(body);
  } else {
    const parts = body ?? [];
    const bytes = parts.reduce((sum, { length }) => sum + length, 0);
    if (body !== null) headers['content-length'] = String(bytes);
    outgoing.writeHead(status, headers);
    for (const part of parts) outgoing.write(part);
    outgoing.end();
  }
  if (outgoing.writableLength > 0) limitReading(outgoing);
}

/** Resolves when a response has room for more, or is over. */
function nextDrain(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    outgoing.once('drain', resolve).once('close', resolve);
  });
}

/** A client that does not read on loses its connection. */
function limitReading(outgoing: ServerResponse): ServerResponse {
  return outgoing.setTimeout(READ_TIMEOUT, () => {
    if (outgoing.writableNeedDrain || outgoing.writableLength > 0) outgoing.destroy();
  });
}

function isEndOfClient(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE';
}
