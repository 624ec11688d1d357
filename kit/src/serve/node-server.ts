import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Logger } from 'pino';
import { orHurry, sleep } from '../host/host.js';
import { isStreamedBody, MAX_WAITING_BYTES, refuse } from '../http/exchange.js';
import { LineLimit } from '../http/metrics.js';
import type { HttpRequest, HttpResponse, RequestHeaders } from '../parts.js';
import { RequestLifetime } from '../protocol/plain-requests.js';

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
  answer: (request: HttpRequest) => Promise<HttpResponse>,
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

let unsent: (readonly [HttpResponse, ServerResponse, GiveUp])[] = [];

/**
 * Sends the answers of one turn of the event loop together, when all requests that have arrived are read: each write wakes
 * whoever waits for it, and to change between the two for each answer costs more than most calls do.
 */
function sendSoon(answer: HttpResponse, outgoing: ServerResponse, giveUp: GiveUp): void {
  if (unsent.push([answer, outgoing, giveUp]) > 1) return;
  setImmediate(() => {
    const all = unsent;
    unsent = [];
    for (const one of all) sendOrGiveUp(...one);
  });
}

/** An answer that cannot be sent costs its own connection and none of the others in its turn. */
function sendOrGiveUp(answer: HttpResponse, outgoing: ServerResponse, giveUp: GiveUp): void {
  try {
    send(answer, outgoing, giveUp);
  } catch (error) {
    giveUp(outgoing, error);
  }
}

function notUnderstood(): HttpResponse {
  const headers = { 'x-content-type-options': 'nosniff' };
  return refuse(400, 'This request cannot be understood.', headers);
}

function send(
  { status, headers, body }: HttpResponse,
  outgoing: ServerResponse,
  giveUp: GiveUp,
): void {
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
  if (isStreamedBody(body)) {
    outgoing.writeHead(status, headers);
    outgoing.flushHeaders();
    limitReading(outgoing);
    let drained: Promise<void> | undefined;
    body.start({
      write(text) {
        if (outgoing.destroyed) return;
        if (outgoing.writableLength > MAX_WAITING_BYTES) {
          return giveUp(outgoing, new Error('the client does not read its answer'));
        }
        if (outgoing.write(text)) return;
        drained ??= nextDrain(outgoing).then(() => {
          drained = undefined;
        });
        return drained;
      },
      end(last) {
        if (!outgoing.destroyed) outgoing.end(last);
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
    const done = () => {
      outgoing.off('drain', done).off('close', done);
      resolve();
    };
    outgoing.on('drain', done).on('close', done);
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

/** A request of `node:http`. What not every request needs is made when it is asked for. */
export class NodeRequest extends RequestLifetime implements HttpRequest {
  readonly method: string;
  readonly headers: RequestHeaders;
  readonly sender: string;

  constructor(
    private readonly incoming: IncomingMessage,
    outgoing: ServerResponse,
    readonly path: string,
  ) {
    super();
    this.method = incoming.method ?? 'GET';
    this.headers = readerOf(incoming);
    this.sender = incoming.socket.remoteAddress ?? 'unknown';
    outgoing.once('close', () => this.end());
  }

  async read(maxBytes: number): Promise<Buffer | undefined> {
    const chunks: Buffer[] = [];
    if (!(await this.#collect(chunks, maxBytes))) return undefined;
    // The answer may be a stream without an end, and keeps the request and its listeners as long; not the body, too.
    const parts = chunks.splice(0);
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  toRequest(): Request {
    const { method, signal } = this;
    const headers = Object.entries(this.incoming.headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    );
    return new Request(`http://localhost${this.path}`, { method, headers, signal });
  }

  /** Whether the body, which it adds to `chunks`, has at most `maxBytes` bytes. */
  #collect(chunks: Buffer[], maxBytes: number): Promise<boolean> {
    const { incoming } = this;
    return new Promise((resolve, reject) => {
      let size = 0;
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= maxBytes) chunks.push(chunk);
        else resolve(false);
      });
      incoming.once('end', () => resolve(true));
      this.whenOver(() => {
        if (!incoming.readableEnded) reject(new Error('The body broke off.'));
      });
    });
  }
}

/** The path of a request as it was sent: written in another way, it is another path. `undefined` for a target without one. */
export function pathOf({ url = '/' }: IncomingMessage): string | undefined {
  const [path] = url.split('?', 1);
  return path?.includes('/') ? path : undefined;
}

/** Whether there are not two `Host` lines, which somebody on the way might have read in another way (RFC 9112, section 3.2). */
export function hasOneHost({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts < 2;
}

/** node:http shows one of several values of some headers; here none may be hidden from the guards. */
function readerOf(incoming: IncomingMessage): RequestHeaders {
  const { headers, rawHeaders } = incoming;
  if (Object.keys(headers).length * 2 === rawHeaders.length) {
    return { get: (name) => headers[name]?.toString() ?? null };
  }
  const { headersDistinct } = incoming;
  return { get: (name) => headersDistinct[name]?.join(', ') ?? null };
}

/** How many file descriptors connections leave for everything else: an eighth of all, and so many at least. */
const MIN_RESERVE = 24;

/** How often the log mentions closed connections (milliseconds). */
const MENTION_EVERY = 10_000;

/**
 * Closes new connections while those that are open could take the last file descriptors. Without one no module can be loaded, no file
 * opened and no database reached, and Node.js 20 remembers for ever that a module could not be loaded.
 */
export function limitConnections(server: Server, log: Logger): void {
  const max = maxConnections();
  if (max === undefined) return;
  server.maxConnections = max;
  let mentionAt = 0;
  server.on('drop', () => {
    if (performance.now() < mentionAt) return;
    mentionAt = performance.now() + MENTION_EVERY;
    log.warn({ max }, 'connection closed: too many for the file descriptors of this process');
  });
}

/** `undefined` where the system does not say: everywhere but on Linux. */
function maxConnections(): number | undefined {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? [];
    if (soft === undefined) return undefined;
    const all = Number(soft);
    const open = readdirSync('/proc/self/fd').length;
    return Math.max(1, all - open - Math.max(MIN_RESERVE, Math.floor(all / 8)));
  } catch {
    return undefined;
  }
}

/** How long a request may be on its way to a server that is going away (milliseconds). */
const ON_THE_WAY = 250;

/**
 * Stops listening after `delayMs`, and without losing a request that is on its way: `close` alone ends every connection that looks
 * idle, also when a client is just sending on it. So clients are told to go away first, with each answer, and what stays
 * silent is closed. Connections with a request under way stay.
 * @param hurry is aborted when it must not wait any longer
 */
export async function stopListening(
  server: Server,
  delayMs: number,
  hurry: AbortSignal,
): Promise<void> {
  const isConnected = (await connections(server)) > 0;
  await orHurry(sleep(isConnected ? Math.max(delayMs, ON_THE_WAY) : delayMs), hurry, 0);
  const closed = once(server, 'close');
  server.close();
  // Whoever got in last has this long to send a request.
  await orHurry(Promise.race([closed, sleep(ON_THE_WAY)]), hurry, 0);
}

/** @returns how many connections are open now */
export function openConnections(server: Server): () => number {
  let open = 0;
  server.on('connection', (socket) => {
    open += 1;
    socket.once('close', () => {
      open -= 1;
    });
  });
  return () => open;
}

function connections(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.getConnections((error, count) => resolve(error === null ? count : 0));
  });
}
