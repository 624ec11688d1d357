/** A statement and its values, kept apart so that a value can never become SQL. */
export interface Sql {
  readonly strings: readonly string[];
  readonly values: readonly SqlValue[];
}

export type SqlValue = string | number | null;

/** Writes a statement: `` sql`select * from notes where id = ${id}` ``. */
export function sql(strings: TemplateStringsArray, ...values: SqlValue[]): Sql {
  return { strings, values };
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
