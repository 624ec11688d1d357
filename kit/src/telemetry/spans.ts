import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  type Attributes,
  type Context,
  context,
  diag,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  getNumberFromEnv,
  getStringFromEnv,
  parseKeyPairsIntoRecord,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
} from '@opentelemetry/sdk-trace-base';
import type { Logger } from 'pino';
import type { Call } from '../calls/call.js';
import type { CallSpan, RequestMetadata, Tracing } from '../calls/services.js';
import type { ServerInfo } from '../definitions/definitions.js';
import type { RequestScope } from '../host/host.js';
import { findTraceFields, redactText, shortened } from './logger.js';
import { traceHeader } from './trace-headers.js';

const EXPORT_TIMEOUT_MS = 5_000;
const FLUSH_TIMEOUT_MS = 2_000;
const WARN_EVERY_MS = 60_000;
const MAX_ID_LENGTH = 64;

const FINE = ['ok', 'input_required'];
const METHODS = { tool: 'tools/call', resource: 'resources/read', prompt: 'prompts/get' } as const;

/** Where traces go. */
export interface Collector {
  readonly endpoint: string;
  /** As `name=value`, separated by commas. */
  readonly headers?: string | undefined;
  /** The origins of the services that learn which trace their request is part of. */
  readonly targets: readonly string[];
}

/** Sends spans to a collector; the other `OTEL_…` variables hold as OpenTelemetry documents them. */
export function startTracing(
  { endpoint, headers, targets }: Collector,
  about: ServerInfo,
  log: Logger,
  requests: RequestScope,
): Tracing {
  warnNowAndThen(log);
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    headers: parseKeyPairsIntoRecord(headers),
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const resource = resourceFromAttributes({
    'service.name': about.name,
    'service.version': about.version,
  }).merge(detectResources({ detectors: [envDetector] }));
  const spanProcessors = [new BatchSpanProcessor(exporter)];
  const provider = new BasicTracerProvider({ resource, spanProcessors, sampler: ownSampler() });

  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  findTraceFields(() => {
    const found = trace.getActiveSpan()?.spanContext();
    return found && { trace_id: found.traceId, span_id: found.spanId };
  });
  const tracer = provider.getTracer(about.name, about.version);
  const unwatchFetch = watchFetch(tracer, targets);

  return {
    begin(call, said, era) {
      const { parent, link } = parentOf(said, requests);
      const options = {
        kind: SpanKind.SERVER,
        attributes: attributesOf(call, said, era),
        links: link === undefined ? [] : [{ context: link }],
      };
      const method = methodOf(call);
      const name = call.kind === 'resource' ? method : `${method} ${call.name}`;
      return spanOf(tracer.startSpan(name, options, parent), parent);
    },
    async query({ system, text }, run) {
      if (trace.getActiveSpan() === undefined) return await run();
      const [operation = system] = /^[a-z]+/i.exec(text.trim()) ?? [];
      const name = operation.toUpperCase();
      const attributes = {
        'db.system.name': system,
        'db.operation.name': name,
        'db.query.text': text,
      };
      const options = { kind: SpanKind.CLIENT, attributes };
      return await tracer.startActiveSpan(name, options, async (span) => {
        try {
          return await run();
        } catch (error) {
          fail(span, (error as { code?: unknown }).code);
          throw error;
        } finally {
          span.end();
        }
      });
    },
    async close() {
      unwatchFetch();
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, FLUSH_TIMEOUT_MS);
      });
      const sent = provider.shutdown().catch(() => {});
      await Promise.race([sent, timeout]);
      clearTimeout(timer);
    },
  };
}

/**
 * Whose work a call is part of: what the message says counts more than the headers that it came with, which become a link.
 * @see https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md#context-propagation
 */
function parentOf({ _meta }: RequestMetadata, requests: RequestScope) {
  const ofHeaders = contextOf(traceHeader(requests));
  const ofMessage = contextOf(_meta?.traceparent);
  if (trace.getSpanContext(ofMessage) === undefined) return { parent: ofHeaders };
  return { parent: ofMessage, link: trace.getSpanContext(ofHeaders) };
}

/** Where a `traceparent` leads. What a caller may send beside it, its `tracestate` and `baggage`, goes nowhere from here. */
function contextOf(traceparent: unknown): Context {
  const carrier = typeof traceparent === 'string' ? { traceparent } : {};
  return propagation.extract(ROOT_CONTEXT, carrier);
}

function methodOf({ kind, isCompletion }: Call): string {
  return isCompletion ? 'completion/complete' : METHODS[kind];
}

function attributesOf(call: Call, { id }: RequestMetadata, era: string): Attributes {
  const { kind, name, uri } = call;
  return {
    'mcp.method.name': methodOf(call),
    'mcp.protocol.version': era,
    'jsonrpc.request.id': redactText(String(id).slice(0, MAX_ID_LENGTH)),
    ...(kind === 'tool' && { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': name }),
    ...(kind === 'prompt' && { 'gen_ai.prompt.name': name }),
    ...(uri !== undefined && { 'mcp.resource.uri': redactText(shortened(uri)) }),
  };
}

function spanOf(span: Span, parent: Context): CallSpan {
  return {
    run: (work) => context.with(trace.setSpan(parent, span), work),
    end(outcome) {
      if (!FINE.includes(outcome)) fail(span, outcome);
      span.end();
    },
  };
}

/** Names the kind of error; messages can have anything in them. */
function fail(span: Span, type: unknown): void {
  span.setAttribute('error.type', typeof type === 'string' ? type : '_OTHER');
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** A collector that is away must not fill the log. */
function warnNowAndThen(log: Logger): void {
  let next = 0;
  const warn = (message: string) => {
    if (performance.now() < next) return;
    next = performance.now() + WARN_EVERY_MS;
    log.warn({ problem: message }, 'traces cannot be sent');
  };
  const ignore = () => {};
  const logger = { error: warn, warn: ignore, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(logger);
}

/**
 * Says which calls are traced, as `OTEL_TRACES_SAMPLER` wants it. What a caller says of its own trace does not count: it could
 * keep its calls out of sight, or have all of them sent. What belongs to a call is traced as the call is.
 */
export function ownSampler(): Sampler {
  const root = rootSampler();
  return new ParentBasedSampler({ root, remoteParentSampled: root, remoteParentNotSampled: root });
}

function rootSampler(): Sampler {
  switch (getStringFromEnv('OTEL_TRACES_SAMPLER')?.replace('parentbased_', '')) {
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return randomSampler(getNumberFromEnv('OTEL_TRACES_SAMPLER_ARG') ?? 1);
    default:
      return new AlwaysOnSampler();
  }
}

/** Not by the trace's id, as OpenTelemetry does it: callers choose that. */
function randomSampler(ratio: number): Sampler {
  const { NOT_RECORD, RECORD_AND_SAMPLED } = SamplingDecision;
  return {
    shouldSample: () => ({ decision: Math.random() < ratio ? RECORD_AND_SAMPLED : NOT_RECORD }),
    toString: () => `random(${ratio})`,
  };
}

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
      if (status >= 400) failFetch(span, String(status));
    },
    'undici:request:trailers'({ request }) {
      end(request);
    },
    'undici:request:error'({ request, error }) {
      failFetch(open.get(request), typeof error?.code === 'string' ? error.code : '_OTHER');
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

function failFetch(span: Span | undefined, type: string): void {
  span?.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });
}
