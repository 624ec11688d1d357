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
    readonly path: string;
    addHeader(name: string, value: string): void;
  };
  readonly response?: { readonly statusCode: number };
  readonly error?: { readonly code?: unknown };
}

/**
 * Gives each `fetch` inside a call a span, and tells the service that is called which trace it is part of. Addresses are shown without
 * their query, which may have secrets.
 * @returns stops it.
 */
export function watchFetch(tracer: Tracer): () => void {
  const open = new WeakMap<object, Span>();

  const handlers: Record<string, (message: unknown) => void> = {
    'undici:request:create'(message) {
      if (trace.getActiveSpan() === undefined) return;
      const { request } = message as Sent;
      const { origin, hostname, port, pathname } = new URL(request.path, request.origin);
      const attributes = {
        'http.request.method': request.method,
        'url.full': `${origin}${pathname}`,
        'server.address': hostname,
        ...(port !== '' && { 'server.port': Number(port) }),
      };
      const span = tracer.startSpan(request.method, { kind: SpanKind.CLIENT, attributes });
      open.set(request, span);
      const carrier: Record<string, string> = {};
      propagation.inject(trace.setSpan(context.active(), span), carrier);
      for (const [name, value] of Object.entries(carrier)) request.addHeader(name, value);
    },
    'undici:request:headers'(message) {
      const { request, response } = message as Sent;
      const status = response?.statusCode ?? 0;
      const span = open.get(request);
      span?.setAttribute('http.response.status_code', status);
      if (status >= 400) fail(span, String(status));
    },
    'undici:request:trailers'(message) {
      end((message as Sent).request);
    },
    'undici:request:error'(message) {
      const { request, error } = message as Sent;
      fail(open.get(request), typeof error?.code === 'string' ? error.code : '_OTHER');
      end(request);
    },
  };

  function end(request: object): void {
    open.get(request)?.end();
    open.delete(request);
  }

  for (const [name, handler] of Object.entries(handlers)) subscribe(name, handler);
  return () => {
    for (const [name, handler] of Object.entries(handlers)) unsubscribe(name, handler);
  };
}

function fail(span: Span | undefined, type: string): void {
  span?.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });
}
