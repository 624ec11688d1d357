/** SQLSTATE classes and codes that mean: not this query is wrong, the database cannot be used. */
const STATES = /^(08|28|57P|53|3D)/;
const NETWORK = /^(ECONN|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE|EAI_AGAIN|ENOENT)/;
const MESSAGES = /timeout|terminated|Connection ended/i;

/**
 * Whether an error means that the database cannot be reached or does not let us in.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isUnavailable);
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') return STATES.test(code) || NETWORK.test(code);
  return MESSAGES.test(error.message);
}
