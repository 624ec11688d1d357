import { concatBytes, toBytes } from '../host/host.js';
import type { HttpRequest, HttpResponse, RequestHeaders, StreamedBody } from '../parts.js';
import { RequestLifetime } from '../protocol/plain-requests.js';

/** Takes over what the MCP SDK answers. */
export function fromWebResponse({ status, headers, body }: Response): HttpResponse {
  return { status, headers: Object.fromEntries(headers), body };
}

/** A JSON answer. */
export function json(
  status: number,
  body: unknown,
  headers?: Record<string, string>,
): HttpResponse {
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
): HttpResponse {
  return json(status, { jsonrpc: '2.0', id: null, error: { code, message } }, headers);
}

/** A web-standard `Request`, for platforms that serve those. Whoever sends its answer says when it is over. */
export function fromWebRequest(
  request: Request,
  sender = 'unknown',
): HttpRequest & Pick<RequestLifetime, 'end'> {
  return new WebRequest(request, sender);
}

class WebRequest extends RequestLifetime implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: RequestHeaders;

  constructor(
    private readonly request: Request,
    readonly sender: string,
  ) {
    super();
    const { method, headers, signal, url } = request;
    this.method = method;
    this.path = new URL(url).pathname;
    this.headers = headers;
    if (signal.aborted) this.end();
    else signal.addEventListener('abort', () => this.end(), { once: true });
  }

  async read(maxBytes: number): Promise<Uint8Array | undefined> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of this.request.body ?? []) {
      size += chunk.byteLength;
      if (size > maxBytes) return undefined;
      chunks.push(chunk);
    }
    return concatBytes(chunks);
  }

  toRequest(): Request {
    const { method, headers, url } = this.request;
    return new Request(url, { method, headers, signal: this.signal });
  }
}

/** @param onRead is called when all of it is read, or nobody reads it any more */
export function toWebResponse(
  { status, headers, body }: HttpResponse,
  onRead?: () => void,
): Response {
  const init = { status, headers };
  if (body === null || typeof body === 'string' || Array.isArray(body)) {
    onRead?.();
    return new Response(Array.isArray(body) ? concatBytes(body) : body, init);
  }
  const stream = isStreamedBody(body) ? toStream(body) : body;
  return new Response(onRead === undefined ? stream : watched(stream, onRead), init);
}

/** The same stream. @param onEnd is called once, when it is over for whatever reason */
function watched(source: ReadableStream<Uint8Array>, onEnd: () => void) {
  const reader = source.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(target) {
      try {
        const { done, value } = await reader.read();
        if (!done) return target.enqueue(value);
        target.close();
        onEnd();
      } catch (error) {
        onEnd();
        throw error;
      }
    },
    async cancel(reason) {
      onEnd();
      await reader.cancel(reason);
    },
  });
}

export function isStreamedBody(body: HttpResponse['body']): body is StreamedBody {
  return typeof body === 'object' && body !== null && 'start' in body;
}

/** How many bytes may wait for a client that reads slowly. */
export const MAX_WAITING_BYTES = 1_000_000;
/** With more than that, a call waits until its client has read on. */
const HIGH_WATER_BYTES = 64_000;

function toStream(body: StreamedBody): ReadableStream<Uint8Array> {
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
            target.enqueue(toBytes(text));
            if ((target.desiredSize ?? 0) > 0) return undefined;
            drained ??= new Promise((resolve) => {
              goOn = resolve;
            });
            return drained;
          },
          end(last) {
            if (isOpen && last) target.enqueue(toBytes(last));
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
export class PendingResponses {
  #count = 0;
  #onEmpty: (() => void) | undefined;

  /** Counts `request` until it is over. @returns stops counting it before that. */
  track(request: HttpRequest): () => void {
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
