import type { Config } from '../settings.js';
import type { CallRequest } from '../calls/call-request.js';
import { andThen, type MaybePromise } from '../calls/maybe-async.js';
import type { Call } from '../calls/run-call.js';
import type { Logger } from './logger.js';

/** What a request says of itself. */
export type Said = Pick<CallRequest['mcpReq'], 'id' | '_meta'>;

/** The span of one call. */
export interface CallSpan {
  /** Runs `work` inside the span: what it logs, queries and fetches belongs to it. */
  run<T>(work: () => T): T;
  end(outcome: string): void;
}

/** What a database is asked. */
export interface Statement {
  /** Which kind of database it is. */
  readonly system: string;
  /** Without values. */
  readonly text: string;
}

export interface Tracing {
  begin(call: Call, said: Said, era: string): MaybePromise<CallSpan>;
  /** Runs a statement in a span of its own. */
  query<T>(statement: Statement, run: () => Promise<T>): Promise<T>;
  /** Sends what is left, for two seconds at most. */
  close(): Promise<void>;
}

const OFF: Tracing = {
  begin: () => ({ run: (work) => work(), end() {} }),
  query: (_, run) => run(),
  async close() {},
};

/**
 * Traces, if `OTEL_EXPORTER_OTLP_ENDPOINT` says where to. The libraries are loaded only then; the first calls wait for that, but
 * none ever waits for the collector.
 */
export function openTracing(config: Config, log: Logger): Tracing {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = config;
  if (endpoint === undefined) return OFF;
  let tracing: MaybePromise<Tracing> = import('./spans.js')
    .then(({ startTracing }) => startTracing(endpoint, config, log))
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
    close: async () => (await tracing).close(),
  };
}
