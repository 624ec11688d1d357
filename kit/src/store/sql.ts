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
