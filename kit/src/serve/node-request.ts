import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Incoming, RequestHeaders } from '../http/exchange.js';
import { Caller } from '../protocol/caller.js';

/** A request of `node:http`. What not every request needs is made when it is asked for. */
export class NodeRequest extends Caller implements Incoming {
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
