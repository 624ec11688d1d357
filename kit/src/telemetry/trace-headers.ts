import type { Correlation, RequestScope } from '../host/host.js';

type Headers = { get(name: string): string | null };

const remembered = new WeakMap<Correlation, Headers>();

/** Keeps the headers that the request came with, as long as it lasts. */
export function rememberHeaders(requests: RequestScope, headers: Headers): void {
  const request = requests.getStore();
  if (request !== undefined) remembered.set(request, headers);
}

/** The trace that the headers of the current request name. */
export function traceHeader(requests: RequestScope): string | null | undefined {
  const request = requests.getStore();
  return request && remembered.get(request)?.get('traceparent');
}
