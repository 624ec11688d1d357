import type { Tracing } from '../calls/services.js';
import { ToolError } from '../definitions/errors.js';

/** A statement and its values, kept apart so that a value can never become SQL. */
export interface Sql {
  readonly strings: readonly string[];
  readonly values: readonly SqlValue[];
}

export type SqlValue = string | number | null;

/**
 * Writes a statement: `` sql`select * from notes where id = ${id}` ``.
 * @throws {ToolError} `INVALID_INPUT` for a text that a database would refuse, or cut or change without a word.
 */
export function sql(strings: TemplateStringsArray, ...values: SqlValue[]): Sql {
  for (const value of values) {
    if (typeof value !== 'string') continue;
    if (value.includes('\0')) throw notStorable('the character U+0000');
    if (!value.isWellFormed()) throw notStorable('half of a surrogate pair');
  }
  return { strings, values };
}

function notStorable(problem: string): ToolError {
  return new ToolError('INVALID_INPUT', `A text contains ${problem}, which cannot be stored.`, {
    suggestions: ['Send the text without it.'],
  });
}

/** A SQL database. */
export interface Store {
  /**
   * Runs one statement and returns its rows.
   * @throws {ToolError} `STORE_UNAVAILABLE`, `STORE_BUSY` or `STORE_TIMEOUT` when it may work later.
   */
  query<Row>(statement: Sql, signal?: AbortSignal): Promise<Row[]>;
  /** Rejects when the database cannot be used. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Gives each query a span, where there are traces; its text has no values. */
export function traced<S extends Store>(store: S, system: string, tracing: Tracing | undefined): S {
  if (tracing === undefined) return store;
  const query = store.query.bind(store);
  const tracedQuery: Store['query'] = (statement, signal) =>
    tracing.query({ system, text: statement.strings.join('?') }, () => query(statement, signal));
  return Object.assign(store, { query: tracedQuery });
}
