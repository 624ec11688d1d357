import {
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleAll,
  handleWhen,
  type IPolicy,
  isBrokenCircuitError,
  retry,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';

export interface OutboundOptions {
  /** How often a failed call is repeated, with growing pauses of random length. */
  readonly retries: number;
  /** How long one attempt may take, in milliseconds. */
  readonly timeoutMs: number;
  /** After this many failures in a row the circuit opens … */
  readonly breakAfter: number;
  /** … for this many milliseconds, in which calls fail at once. */
  readonly pauseMs: number;
}

/** What every call to another service passes: retry, circuit breaker, timeout. One policy per service, not per call. */
export function outbound(options: OutboundOptions): IPolicy {
  const { retries, timeoutMs, breakAfter, pauseMs } = options;
  return wrap(
    retry(
      handleWhen((error) => !isBrokenCircuitError(error)),
      {
        maxAttempts: retries,
        backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 1_000 }),
      },
    ),
    circuitBreaker(handleAll, {
      halfOpenAfter: pauseMs,
      breaker: new ConsecutiveBreaker(breakAfter),
    }),
    timeout(timeoutMs, TimeoutStrategy.Aggressive),
  );
}

/** Calls `load` at most once in `ttlMs`, also when many ask at the same time. A failure is not kept. */
export function cached<T>(ttlMs: number, load: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | undefined;
  let until = 0;
  return () => {
    if (value !== undefined && performance.now() < until) return value;
    const loading = load();
    value = loading;
    until = performance.now() + ttlMs;
    loading.catch(() => {
      if (value === loading) value = undefined;
    });
    return loading;
  };
}
