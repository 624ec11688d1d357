import { type Correlation, currentRequest } from '../calls/correlation.js';

type Headers = { get(name: string): string | null };

const remembered = new WeakMap<Correlation, Headers>();

/** Keeps the headers that the request came with, as long as it lasts. */
export function rememberHeaders(headers: Headers): void {
  const request = currentRequest();
  if (request !== undefined) remembered.set(request, headers);
}

/** The trace that the headers of the current request name. */
export function traceHeader(): string | null | undefined {
  const request = currentRequest();
  return request && remembered.get(request)?.get('traceparent');
}
