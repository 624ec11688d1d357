export interface ToolErrorOptions extends ErrorOptions {
  /** Whether the same call may succeed later. */
  readonly retryable?: boolean;
  /** After how many seconds it is worth trying again. */
  readonly retryAfter?: number;
  /** What the model could do instead. */
  readonly suggestions?: readonly string[];
}

/** The only error whose message reaches the caller. Everything else is logged and answered with a generic text. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
  readonly retryable: boolean;
  readonly retryAfter: number | undefined;
  readonly suggestions: readonly string[];

  constructor(
    readonly code: string,
    message: string,
    { retryable = false, retryAfter, suggestions = [], ...options }: ToolErrorOptions = {},
  ) {
    super(message, options);
    this.retryable = retryable;
    this.retryAfter = retryAfter;
    this.suggestions = suggestions;
  }

  /** What programs need to know. */
  get details() {
    const { code, retryable, retryAfter } = this;
    return { code, retryable, ...(retryAfter !== undefined && { retryAfter }) };
  }
}

/** For a caller who has to wait for `ms` milliseconds. */
export function rateLimited(ms: number): ToolError {
  const retryAfter = Math.ceil(ms / 1000);
  return new ToolError('RATE_LIMITED', `Too many calls. Try again in ${retryAfter} s.`, {
    retryable: true,
    retryAfter,
  });
}

export function outputTooLarge(maxBytes: number): ToolError {
  return new ToolError('OUTPUT_TOO_LARGE', `The result has more than ${maxBytes} bytes.`, {
    suggestions: ['Ask for less, for example with a smaller limit or a narrower search.'],
  });
}

const CODES =
  /^(ECONN|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|ENETDOWN|ETIMEDOUT|EPIPE|EAI_AGAIN|UND_ERR_(CONNECT|HEADERS|BODY|SOCKET))/;
const DEPTH = 5;

/**
 * Whether an error means that another service could not be reached or did not answer, so that the same call may succeed
 * later. Libraries wrap such errors: `fetch` hides them in `cause`.
 */
export function isNetworkError(error: unknown, depth = DEPTH): boolean {
  if (!(error instanceof Error) || depth === 0) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && CODES.test(code)) return true;
  const inner: unknown[] = error instanceof AggregateError ? error.errors : [error.cause];
  return error.name === 'TimeoutError' || inner.some((one) => isNetworkError(one, depth - 1));
}
