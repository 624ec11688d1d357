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

function toStream(body: WrittenBody): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(target) {
      body.start({
        write: (text) => target.enqueue(encoder.encode(text)),
        end: () => target.close(),
      });
    },
  });
}
