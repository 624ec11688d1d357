import { isNetworkError } from '../calls/network-error.js';
import { ToolError } from '../definitions/errors.js';

/**
 * What the caller may know, by SQLSTATE. Every other state means that the statement is wrong, and stays inside.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const STATES: readonly [RegExp, string, string][] = [
  // Not reachable, no access, no such database, no resources, shutting down, a replica that was the primary.
  [/^(08|28|3D|53|57P|25006)/, 'STORE_UNAVAILABLE', 'The database is not available.'],
  // Two transactions at once, a lock that was not free.
  [/^(40|55P03)/, 'STORE_BUSY', 'Someone else is changing the same data.'],
  [/^57014/, 'STORE_TIMEOUT', 'The database needed too long for this.'],
];
/** A text with a character that the database's encoding, or its JSON, does not have. */
const NOT_STORABLE = /^22(021|P05)/;
/** The driver's own errors have no state. */
const CONNECTION_LOST = /timeout|terminated|Connection ended/i;

/** An error of the database as one that the caller may see, or `undefined`. */
export function asStoreError(error: unknown): ToolError | undefined {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const isLost = code === undefined && CONNECTION_LOST.test(String(message));
  const state = isLost || isNetworkError(error) || code === 'ENOENT' ? '08' : String(code);
  if (NOT_STORABLE.test(state)) {
    return new ToolError('INVALID_INPUT', 'A text contains a character that cannot be stored.');
  }
  const [, name, text] = STATES.find(([pattern]) => pattern.test(state)) ?? [];
  if (name === undefined) return undefined;
  return new ToolError(name, `${text} Try again later.`, { retryable: true });
}
