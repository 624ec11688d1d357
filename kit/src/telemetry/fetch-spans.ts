import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';

/** What Node's `fetch` tells of its requests. */
interface Sent {
  readonly request: {
    readonly origin: string | URL;
    readonly method: string;
    addHeader(name: string, value: string): void;
  };
  readonly response?: { readonly statusCode: number };
  readonly error?: { readonly code?: unknown };
}

/**
 * Gives each `fetch` inside a call a span. Its address is shown as an origin alone: paths and queries may have secrets.
 * @param targets the origins of the services that learn which trace their request is part of
 * @returns stops it.
 */
export function watchFetch(tracer: Tracer, targets: readonly string[]): () => void {
  const open = new WeakMap<object, Span>();

  const handlers: Record<string, (sent: Sent) => void> = {
    'undici:request:create'({ request }) {
      if (trace.getActiveSpan() === undefined) return;
      const { origin, hostname, port } = new URL(request.origin);
      const attributes = {
        'http.request.method': request.method,
        'url.full': origin,
        'server.address': hostname,
        ...(port !== '' && { 'server.port': Number(port) }),
      };
      const span = tracer.startSpan(request.method, { kind: SpanKind.CLIENT, attributes });
      open.set(request, span);
      if (!targets.includes(origin)) return;
      const carrier: Record<string, string> = {};
      propagation.inject(trace.setSpan(context.active(), span), carrier);
      for (const [name, value] of Object.entries(carrier)) request.addHeader(name, value);
    },
    'undici:request:headers'({ request, response }) {
      const status = response?.statusCode ?? 0;
      const span = open.get(request);
      span?.setAttribute('http.response.status_code', status);
      if (status >= 400) fail(span, String(status));
    },
    'undici:request:trailers'({ request }) {
      end(request);
    },
    'undici:request:error'({ request, error }) {
      fail(open.get(request), typeof error?.code === 'string' ? error.code : '_OTHER');
      end(request);
    },
  };

  function end(request: object): void {
    open.get(request)?.end();
    open.delete(request);
  }

  const watching = Object.entries(handlers).map(
    ([name, handler]) => [name, harmless(handler)] as const,
  );
  for (const [name, handler] of watching) subscribe(name, handler);
  return () => {
    for (const [name, handler] of watching) unsubscribe(name, handler);
  };
}

/** What a subscriber of a channel throws would end the process. A request without a span does no harm. */
function harmless(handler: (sent: Sent) => void): (message: unknown) => void {
  return (message) => {
    try {
      handler(message as Sent);
    } catch {}
  };
}

function fail(span: Span | undefined, type: string): void {
  span?.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });
}
