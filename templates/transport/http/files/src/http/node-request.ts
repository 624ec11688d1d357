import type { IncomingMessage, ServerResponse } from 'node:http';
import { Caller } from '../dispatch/caller.js';
import type { Incoming, RequestHeaders } from './exchange.js';

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

  read(maxBytes: number): Promise<Buffer | undefined> {
    const { incoming } = this;
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= maxBytes) chunks.push(chunk);
        else resolve(undefined);
      });
      incoming.once('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
      this.whenOver(() => {
        if (!incoming.readableEnded) reject(new Error('The body broke off.'));
      });
    });
  }

  toRequest(): Request {
    const { method, signal } = this;
    const headers = Object.entries(this.incoming.headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    );
    return new Request(`http://localhost${this.path}`, { method, headers, signal });
  }
}

/** The path of a request, or `undefined` when it has none that a URL can have. */
export function pathOf({ url = '/' }: IncomingMessage): string | undefined {
  if (url === '/mcp') return url;
  return URL.canParse(`http://localhost${url}`)
    ? new URL(`http://localhost${url}`).pathname
    : undefined;
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
