import type { Answer, Incoming, WrittenBody } from './exchange.js';

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
            target.enqueue(encoder.encode(text));
            const waiting = HIGH_WATER_BYTES - (target.desiredSize ?? 0);
            if (waiting < HIGH_WATER_BYTES) return undefined;
            if (waiting > MAX_WAITING_BYTES) {
              close();
              target.error(new Error('the client does not read its answer'));
              return undefined;
            }
            drained ??= new Promise((resolve) => {
              goOn = resolve;
            });
            return drained;
          },
          end() {
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
