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
