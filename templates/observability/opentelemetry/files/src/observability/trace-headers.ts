import { type Correlation, currentRequest } from './logger.js';

type Headers = { get(name: string): string | null };

const NAMES = ['traceparent', 'tracestate', 'baggage'];

const remembered = new WeakMap<Correlation, Headers>();

/** Keeps the headers that the request came with, as long as it lasts. */
export function rememberHeaders(headers: Headers): void {
  const request = currentRequest();
  if (request !== undefined) remembered.set(request, headers);
}

/** What the headers of the current request say of a trace. */
export function traceHeaders(): Record<string, string> {
  const request = currentRequest();
  const headers = request && remembered.get(request);
  return Object.fromEntries(
    NAMES.flatMap((name) => {
      const value = headers?.get(name) ?? null;
      return value === null ? [] : [[name, value]];
    }),
  );
}
