import type { Store } from '../store/postgres.js';
import type { Tracing } from './opentelemetry.js';

const SYSTEM = {{ts facts.sql.system}};

/** Gives each query a span; its text has no values. */
export function traceQueries(store: Store, tracing: Tracing): void {
  const query = store.query.bind(store);
  const traced: Store['query'] = (statement, signal) =>
    tracing.query({ system: SYSTEM, text: statement.strings.join('?') }, () =>
      query(statement, signal),
    );
  Object.assign(store, { query: traced });
}
