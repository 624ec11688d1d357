/**
 * Steps of a call that go on at once when what they wait for is there already. To await each of them would cost more than most
 * tools do.
 */
export type MaybePromise<T> = T | PromiseLike<T>;

/** `next(value)`, now or once the value is there. */
export function andThen<T, R>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<R>,
): MaybePromise<R> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** What `work` gives, or what `otherwise` makes of its failure, now or later. */
export function orElse<T>(
  work: () => MaybePromise<T>,
  otherwise: (error: unknown) => MaybePromise<T>,
): MaybePromise<T> {
  try {
    const result = work();
    return isPromise(result) ? result.then(undefined, otherwise) : result;
  } catch (error) {
    return otherwise(error);
  }
}

/** Queries of some libraries are no `Promise` and start when they are waited for. */
export function isPromise<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === 'function';
}
