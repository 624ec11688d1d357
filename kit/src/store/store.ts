/** What all stores have in common: their errors in the words for callers, checks of what they return, and waiting that ends with the call. */
import type { Logger } from 'pino';
import type * as z from 'zod/v4';
import { ToolError } from '../definitions/definitions.js';

/** For a database that cannot be used now. */
export function unavailable(cause?: unknown): ToolError {
  return new ToolError('STORE_UNAVAILABLE', 'The database is not available. Try again later.', {
    retryable: true,
    cause,
  });
}

/** For a change of which nobody knows whether it was made, so nobody may make it again without looking. */
export function unanswered(cause?: unknown): ToolError {
  return new ToolError(
    'STORE_UNAVAILABLE',
    'The database did not answer at the end of a change. It may have been made or not.',
    { cause, suggestions: ['Look whether the change is there before you repeat it.'] },
  );
}

/** Options of an operation, which may be the signal alone. */
export function optionsOf<Options extends { readonly signal?: AbortSignal | undefined }>(
  options: AbortSignal | Options = {} as Options,
): Partial<Options> {
  return options instanceof AbortSignal ? ({ signal: options } as Partial<Options>) : options;
}

/**
 * What to throw for an error of an operation: the reason of its abort, the error in the words for callers, or the error itself, which
 * stays inside. What is wrong with the store is logged.
 * @param asStoreError an error of the driver in the words for callers, or `undefined`
 */
export function forCaller(
  error: unknown,
  signal: AbortSignal | undefined,
  log: Logger,
  asStoreError: (error: unknown) => ToolError | undefined,
): unknown {
  if (signal?.aborted) return signal.reason;
  const shown = error instanceof ToolError ? error : asStoreError(error);
  if (shown === undefined) return error;
  if (shown.code.startsWith('STORE_')) log.error({ err: shown.cause ?? error }, shown.message);
  return shown;
}

/** @throws {Error} that begins with `problem` and has the places in the value, without what stands there: it may be anybody's data. */
export function checked<Value>(value: unknown, schema: z.ZodType<Value>, problem: string): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map(
    ({ path, code, message }) => `${path.join('.')} (${code === 'invalid_type' ? message : code})`,
  );
  throw new Error(`${problem}: ${places.join(', ')}.`);
}

/**
 * The end of `work`, or the abort of `signal`, whichever comes first.
 * @param late takes what comes when nobody waits any more
 */
export function orAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  late: (result: T) => void = () => {},
): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work
      .then((result) => {
        if (signal.aborted) late(result);
        resolve(result);
      }, reject)
      .finally(() => signal.removeEventListener('abort', stop));
  });
}
