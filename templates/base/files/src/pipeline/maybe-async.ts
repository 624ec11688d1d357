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

/** Queries of some libraries are no `Promise` and start when they are waited for. */
export function isPromise<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === 'function';
}
