import * as z from 'zod/v4';
import { andThen, type MaybePromise } from '../calls/call.js';
import type { Tracing } from '../calls/services.js';
import type { TracingPart } from '../parts.js';
import { rememberHeaders } from './trace-headers.js';

const NAME = /^[!#$%&'*+.^`|~\w-]+$/;
const VALUE = /^[ -~]*$/;

/** Whether a text lists headers as OpenTelemetry reads them: `name=value`, separated by commas, percent-encoded. */
export function isHeaderList(text: string): boolean {
  return text.split(',').every((entry) => entry.trim() === '' || isHeader(entry));
}

function isHeader(entry: string): boolean {
  const equals = entry.indexOf('=');
  try {
    const [name, value] = [entry.slice(0, equals).trim(), entry.slice(equals + 1)];
    return NAME.test(decodeURIComponent(name)) && VALUE.test(decodeURIComponent(value));
  } catch {
    return false;
  }
}

const settings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .refine(isHeaderList, 'must be name=value, separated by commas, percent-encoded ASCII')
    .optional(),
  TRACE_PROPAGATION_TARGETS: z
    .string()
    .transform((text) => text.split(',').map((target) => target.trim()))
    .refine(
      (targets) => targets.every((one) => URL.canParse(one) && new URL(one).origin === one),
      'must be like https://api.example.com, no path',
    )
    .default([]),
};

const OFF: Tracing = {
  begin: () => ({ run: (work) => work(), end() {} }),
  query: (_, run) => run(),
  async close() {},
};

/**
 * Traces, if `OTEL_EXPORTER_OTLP_ENDPOINT` says where to. The libraries are loaded only then; the first calls wait for that, but
 * none ever waits for the collector.
 */
export function openTelemetry(): TracingPart<typeof settings> {
  return {
    settings,
    open({ about, config, host, log }): Tracing {
      const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers } = config;
      if (endpoint === undefined) return OFF;
      const collector = { endpoint, headers, targets: config.TRACE_PROPAGATION_TARGETS };
      let tracing: MaybePromise<Tracing> = import('./spans.js')
        .then(({ startTracing }) => startTracing(collector, about, log, host.requests))
        .catch((error: unknown) => {
          log.error({ err: error }, 'traces cannot be sent');
          return OFF;
        });
      tracing.then((started) => {
        tracing = started;
      });
      return {
        begin: (...args) => andThen(tracing, (started) => started.begin(...args)),
        query: async (...args) => (await tracing).query(...args),
        received: (sent) => rememberHeaders(host.requests, sent),
        close: async () => (await tracing).close(),
      };
    },
  };
}
