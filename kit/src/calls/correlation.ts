import { AsyncLocalStorage } from 'node:async_hooks';

/** A request that is being served. */
export interface Correlation {
  readonly id: string;
}

const correlation = new AsyncLocalStorage<Correlation>();

/** Runs `work` so that every line logged inside it carries `id`. */
export function withCorrelationId<T>(id: string, work: () => T): T {
  return correlation.run({ id }, work);
}

/** Runs `work` as if no request were being served. */
export function outsideOfRequests<T>(work: () => T): T {
  return correlation.exit(work);
}

/** The request being served: one object as long as it lasts. */
export function currentRequest(): Correlation | undefined {
  return correlation.getStore();
}

/** The id of the request being served, or `undefined` outside of one. */
export function correlationId(): string | undefined {
  return currentRequest()?.id;
}
