import type { MaybePromise } from '../calls/maybe-async.js';

/**
 * A request as this server sees it: what it reads of a web-standard `Request`, so that one that came to `node:http` need
 * not become one.
 */
export interface Incoming {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: RequestHeaders;
  /** The address that it came from. */
  readonly sender: string;
  /** Aborted when the answer is sent or the client has gone. */
  readonly signal: AbortSignal;
  /** Calls `work` when the answer is sent or the client has gone. */
  whenOver(work: () => void): void;
  /**
   * The body, or `undefined` when it has more than `maxBytes` bytes; the rest of it is not read then.
   * @throws when it breaks off.
   */
  read(maxBytes: number): Promise<Buffer | undefined>;
  /** The same as a web-standard `Request`, without the body. */
  toRequest(): Request;
}

/** Values that were sent under one name are joined by commas, so that none of them is hidden. */
export type RequestHeaders = Pick<Headers, 'get'>;

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** A text, the parts of one, a stream, or what is written as it comes. */
  readonly body: string | Uint8Array[] | ReadableStream<Uint8Array> | WrittenBody | null;
}

/** A body that is written as it comes. On Node.js it costs a fraction of a web stream. */
export interface WrittenBody {
  start(target: BodyTarget): void;
}

export interface BodyTarget {
  /** Resolves when the client has read enough for more. */
  write(text: string): MaybePromise<void>;
  /** @param last what is written before, however much waits */
  end(last?: string): void;
}

/** Takes over what the MCP SDK answers. */
export function fromResponse({ status, headers, body }: Response): Answer {
  return { status, headers: Object.fromEntries(headers), body };
}

/** A JSON answer. */
export function json(status: number, body: unknown, headers?: Record<string, string>): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}

/** A refusal in the shape that MCP clients understand: a JSON-RPC error without an id. */
export function refuse(
  status: number,
  message: string,
  headers?: Record<string, string>,
  code = -32_000,
): Answer {
  return json(status, { jsonrpc: '2.0', id: null, error: { code, message } }, headers);
}

/** A web-standard `Request`, for platforms that serve those. */
export function webRequest(request: Request, sender = 'unknown'): Incoming {
  const { method, headers, signal } = request;
  return {
    method,
    path: new URL(request.url).pathname,
    headers,
    sender,
    signal,
    whenOver(work) {
      if (signal.aborted) work();
      else signal.addEventListener('abort', work, { once: true });
    },
    async read(maxBytes) {
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of request.body ?? []) {
        size += chunk.byteLength;
        if (size > maxBytes) return undefined;
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    },
    toRequest: () => new Request(request.url, { method, headers, signal }),
  };
}

export function toResponse({ status, headers, body }: Answer): Response {
  return new Response(toBody(body), { status, headers });
}

function toBody(body: Answer['body']): string | Uint8Array<ArrayBuffer> | ReadableStream | null {
  if (Array.isArray(body)) return Buffer.concat(body);
  return isWritten(body) ? toStream(body) : body;
}

export function isWritten(body: Answer['body']): body is WrittenBody {
  return typeof body === 'object' && body !== null && 'start' in body;
}

/** How many bytes may wait for a client that reads slowly. */
export const MAX_WAITING_BYTES = 1_000_000;
/** With more than that, a call waits until its client has read on. */
const HIGH_WATER_BYTES = 64_000;

function toStream(body: WrittenBody): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let isOpen = true;
  let drained: Promise<void> | undefined;
  let goOn = () => {};
  const close = () => {
    isOpen = false;
    goOn();
  };
  return new ReadableStream<Uint8Array>(
    {
      start(target) {
        body.start({
          write(text) {
            if (!isOpen) return undefined;
            if (HIGH_WATER_BYTES - (target.desiredSize ?? 0) > MAX_WAITING_BYTES) {
              close();
              target.error(new Error('the client does not read its answer'));
              return undefined;
            }
            target.enqueue(encoder.encode(text));
            if ((target.desiredSize ?? 0) > 0) return undefined;
            drained ??= new Promise((resolve) => {
              goOn = resolve;
            });
            return drained;
          },
          end(last) {
            if (isOpen && last) target.enqueue(encoder.encode(last));
            if (isOpen) target.close();
            close();
          },
        });
      },
      pull() {
        drained = undefined;
        goOn();
      },
      cancel: close,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_BYTES }),
  );
}

/** Requests whose answer is not fully sent yet. */
export class CallsUnderWay {
  #count = 0;
  #onEmpty: (() => void) | undefined;

  /** Counts `request` until it is over. @returns stops counting it before that. */
  track(request: Incoming): () => void {
    let counted = true;
    const done = () => {
      if (!counted) return;
      counted = false;
      this.#count -= 1;
      if (this.#count === 0) this.#onEmpty?.();
    };
    this.#count += 1;
    request.whenOver(done);
    return done;
  }

  /** Resolves when nothing is under way. */
  async finished(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }
}
