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
  /** After this many failures in a row the service is left alone … */
  readonly breakAfter: number;
  /** … for this many milliseconds; calls fail at once. */
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
