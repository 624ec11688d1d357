import type { Tracing } from '../calls/services.js';
import type { Store } from './sql.js';

/** Gives each query a span, where there are traces; its text has no values. */
export function traced<S extends Store>(store: S, system: string, tracing: Tracing | undefined): S {
  if (tracing === undefined) return store;
  const query = store.query.bind(store);
  const tracedQuery: Store['query'] = (statement, signal) =>
    tracing.query({ system, text: statement.strings.join('?') }, () => query(statement, signal));
  return Object.assign(store, { query: tracedQuery });
}
