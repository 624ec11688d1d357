import type { Logger } from 'pino';
import type { CallSettings } from '../definitions/settings.js';
import type { Host } from '../host/host.js';
import { redactLine } from './redact.js';

/** JSON lines without secrets, each with the request that it belongs to. */
export function createLogger(
  host: Host,
  level: CallSettings['LOG_LEVEL'],
  service: string,
): Logger {
  return host.createLogger({
    level,
    service,
    fields() {
      const id = host.requests.getStore()?.id;
      return { ...(id !== undefined && { correlationId: id }), ...traceFields() };
    },
    clean: redactLine,
  });
}

/** Where a line of the log belongs. */
export interface TraceFields {
  readonly trace_id: string;
  readonly span_id: string;
}

let find: () => TraceFields | undefined = () => undefined;

/** Tells the logs how to find the span that is going on. */
export function findTraceFields(finder: () => TraceFields | undefined): void {
  find = finder;
}

/** The span that is going on, if there are traces. */
export function traceFields(): TraceFields | undefined {
  return find();
}
