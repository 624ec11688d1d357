import { ToolError } from '../definitions/errors.js';

/**
 * What the caller may know, by result code. Every other code means that the statement is wrong, and stays inside.
 * @see https://www.sqlite.org/rescode.html
 */
const CODES: readonly [RegExp, string, string][] = [
  [/^SQLITE_(CANTOPEN|FULL|IOERR)/, 'STORE_UNAVAILABLE', 'The database is not available.'],
  // libsql asks for the code after the statement has failed; by then it may be OK again.
  [/^SQLITE_(BUSY|LOCKED|OK$)/, 'STORE_BUSY', 'Someone else is changing the data.'],
];

/** An error of the database as one that the caller may see and the same call may overcome later, or `undefined`. */
export function asStoreError(error: unknown): ToolError | undefined {
  const { code } = error as { code?: unknown };
  const [, name, text] = CODES.find(([pattern]) => pattern.test(String(code))) ?? [];
  if (name === undefined) return undefined;
  return new ToolError(name, `${text} Try again later.`, { retryable: true });
}

/** Whether a statement may succeed as soon as someone else has finished. */
export function isLocked(error: unknown): boolean {
  return asStoreError(error)?.code === 'STORE_BUSY';
}
