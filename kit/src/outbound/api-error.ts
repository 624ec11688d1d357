import { ToolError, type ToolErrorOptions } from '../definitions/definitions.js';
import type { Verdict } from './circuit-breaker.js';
import { retryAfterMs, usedUpMs } from './rate-limits.js';

/** How a request ended, as the metrics name it; empty when it went well. */
export type ErrorType =
  | ''
  | 'cancelled'
  | 'conflict'
  | 'forbidden'
  | 'invalid'
  | 'not_found'
  | 'rate_limited'
  | 'rejected'
  | 'timeout'
  | 'unauthorized'
  | 'unavailable';

interface ApiErrorOptions extends ToolErrorOptions {
  readonly type: ErrorType;
  /** After how many milliseconds the server wants to be asked again. */
  readonly waitMs?: number | undefined;
  /** The server has not begun to work on the request: it may be sent again, whatever it is. */
  readonly isUntouched?: boolean;
}

/** Why a request to an API has no result. */
export class ApiError extends ToolError {
  readonly type: ErrorType;
  readonly waitMs: number | undefined;
  readonly isUntouched: boolean;

  constructor(
    code: string,
    message: string,
    { type, waitMs, isUntouched = false, ...options }: ApiErrorOptions,
  ) {
    const retryAfter = waitMs === undefined ? undefined : Math.max(1, Math.ceil(waitMs / 1_000));
    super(code, message, { ...options, ...(retryAfter !== undefined && { retryAfter }) });
    this.type = type;
    this.waitMs = waitMs;
    this.isUntouched = isUntouched;
  }

  /** Whether the service itself is in trouble, not this request. */
  get isOutage(): boolean {
    return this.type === 'unavailable' || this.type === 'timeout';
  }
}

/** What an error says about the service. */
export function verdictOf(error: unknown): Verdict {
  if (!(error instanceof ApiError)) return 'unknown';
  return error.isOutage ? 'fails' : 'works';
}

const whenAgain = (ms: number | undefined) =>
  ms === undefined ? 'Try again later.' : `Try again in ${Math.max(1, Math.ceil(ms / 1_000))} s.`;

/** For a service that does not answer, or only says that it cannot. */
export function unavailable(name: string, why: string, waitMs?: number, cause?: unknown): ApiError {
  return new ApiError('UPSTREAM_UNAVAILABLE', `${name} ${why}. ${whenAgain(waitMs)}`, {
    type: 'unavailable',
    retryable: true,
    waitMs,
    cause,
  });
}

export function timedOut(name: string, ms: number): ApiError {
  const message = `${name} did not answer within ${ms} ms. Try again later.`;
  return new ApiError('UPSTREAM_UNAVAILABLE', message, { type: 'timeout', retryable: true });
}

/** For requests that a service does not take now because there were too many. */
export function usedUp(name: string, waitMs: number | undefined): ApiError {
  return new ApiError(
    'RATE_LIMITED',
    `${name} accepts no more requests for now. ${whenAgain(waitMs)}`,
    {
      type: 'rate_limited',
      retryable: true,
      waitMs,
      isUntouched: true,
    },
  );
}

/** For an answer that is not what the API's description promises. */
export function invalid(name: string, problem: string, cause?: unknown): ApiError {
  return new ApiError('UPSTREAM_INVALID', `The answer of ${name} ${problem}.`, {
    type: 'invalid',
    cause,
    suggestions: ['Tell the operator of this server: repeating the call does not help.'],
  });
}

export function tooLarge(name: string, maxBytes: number): ApiError {
  const message = `The answer of ${name} has more than ${maxBytes} bytes.`;
  return new ApiError('OUTPUT_TOO_LARGE', message, {
    type: 'invalid',
    suggestions: ['Ask for less, for example with a smaller limit or a narrower search.'],
  });
}

/** What a request was, for the words of an error. */
interface Asked {
  /** The name of the API. */
  readonly name: string;
  readonly method: string;
  /** The path without its values: they may be secrets. */
  readonly path: string;
  /** Whether the caller brought the credential. */
  readonly isCallers: boolean;
}

/**
 * An answer with an error status as an error for the caller.
 * @param said what the API says in the body of the answer, if that may be shown
 */
export function errorOf(
  { name, method, path, isCallers }: Asked,
  status: number,
  headers: Headers,
  said: string | undefined,
): ApiError {
  const because = said === undefined ? '' : `: ${said}`;
  const whose = isCallers ? 'your credential' : "this server's credential";
  const askOperator = isCallers ? [] : ['Only the operator of this server can change that.'];
  const waitMs = retryAfterMs(headers) ?? usedUpMs(headers);
  if (status === 429 || (status === 403 && waitMs !== undefined)) return usedUp(name, waitMs);
  switch (status) {
    case 401:
      return new ApiError('UPSTREAM_UNAUTHORIZED', `${name} does not accept ${whose}.`, {
        // What a caller brings is no concern of the operator.
        type: isCallers ? 'rejected' : 'unauthorized',
        suggestions: askOperator,
      });
    case 403:
      return new ApiError('UPSTREAM_FORBIDDEN', `${name} forbids this to ${whose}${because}.`, {
        type: 'forbidden',
        suggestions: askOperator,
      });
    case 404:
    case 410:
      return new ApiError('NOT_FOUND', `${name} has nothing at ${path}${because}.`, {
        type: 'not_found',
      });
    case 409:
    case 412:
      return new ApiError('CONFLICT', `${name} refused ${method} ${path} (${status})${because}.`, {
        type: 'conflict',
        suggestions: ['Look at the present state, then decide whether the change still fits.'],
      });
    default:
  }
  if (status >= 500) {
    const error = unavailable(name, `failed (${status})`, retryAfterMs(headers));
    return status === 503 && error.waitMs !== undefined ? untouched(error) : error;
  }
  if (status < 400) return invalid(name, `leads elsewhere (${status})`);
  return new ApiError(
    'UPSTREAM_REJECTED',
    `${name} rejected ${method} ${path} (${status})${because}.`,
    {
      type: 'rejected',
    },
  );
}

/** A server that says when to come back has not begun. */
function untouched({ code, message, type, waitMs }: ApiError): ApiError {
  return new ApiError(code, message, { type, waitMs, retryable: true, isUntouched: true });
}
