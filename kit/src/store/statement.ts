import { ToolError } from '../definitions/definitions.js';
import { checkText, searchable } from './text.js';

/** A statement, or a part of one, and its values, kept apart so that a value can never become SQL. */
export interface Sql {
  readonly strings: readonly string[];
  readonly values: readonly SqlValue[];
}

/** What a statement can carry. A database without booleans or times keeps them as 0 and 1, and as text in ISO 8601, UTC. */
export type SqlValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Date
  | Uint8Array
  | SqlJson
  | SqlArray;

/** A value that the database keeps as JSON. */
export class SqlJson {
  /** As the database gets it. */
  readonly text: string;

  constructor(value: unknown) {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError('JSON has no such value.');
    this.text = text;
  }
}

/** One value that is a list, for databases that have arrays. */
export class SqlArray {
  constructor(readonly items: readonly (string | number | bigint | boolean | null)[]) {}
}

/**
 * Writes a statement: `` sql`SELECT * FROM notes WHERE id = ${id}` ``. What is made with `sql` itself becomes part of the statement,
 * everything else is a value.
 * @throws {ToolError} `INVALID_INPUT` for a text that a database would refuse, or cut or change without a word.
 * @throws {TypeError} for what is no value, such as `undefined` or `NaN`.
 */
export function sql(strings: TemplateStringsArray, ...values: (SqlValue | Sql)[]): Sql {
  const texts = [strings[0] ?? ''];
  const all: SqlValue[] = [];
  for (const [index, value] of values.entries()) {
    if (isSql(value)) append(texts, all, value);
    else {
      checkValue(value);
      all.push(value);
      texts.push('');
    }
    texts[texts.length - 1] += strings[index + 1] ?? '';
  }
  return new Fragment(texts, all);
}

/** What was made here. Data that only look like it, from JSON for example, have no private field and must not become SQL. */
class Fragment implements Sql {
  readonly #isOurs = true;

  constructor(
    readonly strings: readonly string[],
    readonly values: readonly SqlValue[],
  ) {}

  static is(value: object): value is Fragment {
    return #isOurs in value;
  }
}

/** A statement, or a part of one, without values. For the texts of the kit: nobody's data may be in it. */
export function rawSql(text: string): Sql {
  return new Fragment([text], []);
}

/** @throws {TypeError} for what only looks like a statement */
export function requireSql(statement: Sql): void {
  if (!Fragment.is(statement)) throw new TypeError('Write statements with sql`…`.');
}

function append(texts: string[], values: SqlValue[], part: Sql): void {
  texts[texts.length - 1] += part.strings[0] ?? '';
  for (let index = 1; index < part.strings.length; index += 1)
    texts.push(part.strings[index] ?? '');
  for (const value of part.values) values.push(value);
}

/** No text. */
sql.empty = rawSql('');

/** A fragment for a value that is given, and nothing for `undefined`: `` sql.given(city, (it) => sql`AND city = ${it}`) ``. */
sql.given = <T>(value: T | undefined, fragment: (value: T) => Sql): Sql =>
  value === undefined ? sql.empty : fragment(value);

/** Fragments one after the other, with `separator` between them. */
sql.join = (parts: readonly Sql[], separator: Sql = rawSql(', ')): Sql => {
  const texts = [''];
  const values: SqlValue[] = [];
  for (const [index, part] of parts.entries()) {
    requireSql(part);
    if (index > 0) append(texts, values, separator);
    append(texts, values, part);
  }
  return new Fragment(texts, values);
};

/** All of the conditions: `WHERE ${sql.and([…])}`. None at all is true for every row. */
sql.and = (conditions: readonly Sql[]): Sql =>
  conditions.length === 0
    ? sql`1 = 1`
    : sql.join(
        conditions.map((one) => sql`(${one})`),
        sql` AND `,
      );

/** Whether a column has one of these values: `` sql`… WHERE ${sql.in(sql`id`, ids)}` ``. Of no values it has none. */
sql.in = (column: Sql, values: readonly SqlValue[]): Sql =>
  values.length === 0 ? rawSql('1 = 0') : sql`${column} IN (${listOf(values)})`;

/** Whether a column has none of these values. */
sql.notIn = (column: Sql, values: readonly SqlValue[]): Sql =>
  values.length === 0 ? rawSql('1 = 1') : sql`${column} NOT IN (${listOf(values)})`;

/**
 * The name of a table or a column, out of those that are allowed.
 * @throws {ToolError} `INVALID_INPUT` with the allowed ones
 */
sql.identifier = <Name extends string>(name: string, allowed: readonly Name[]): Sql => {
  if (!allowed.includes(name as Name)) {
    throw new ToolError(
      'INVALID_INPUT',
      `There is no ${JSON.stringify(name.slice(0, 100))} here.`,
      {
        suggestions: [`Use one of: ${allowed.join(', ')}.`],
      },
    );
  }
  return rawSql(`"${name.replaceAll('"', '""')}"`);
};

/** A value that the database keeps as JSON. */
sql.json = (value: unknown): SqlJson => new SqlJson(value);

/** One value that is an array, for databases that have them; for `IN` there is `sql.in`. */
sql.array = (items: SqlArray['items']): SqlArray => new SqlArray(items);

/**
 * Whether a column that was saved with `searchable` contains a text, in any case:
 * `` sql`SELECT … WHERE ${sql.contains(sql`search`, text)}` ``.
 */
sql.contains = (column: Sql, text: string): Sql => {
  const pattern = `%${searchable(text).replace(/[!%_]/g, '!$&')}%`;
  return sql`${column} LIKE ${pattern} ESCAPE '!'`;
};

function isSql(value: SqlValue | Sql): value is Sql {
  return typeof value === 'object' && value !== null && Fragment.is(value);
}

function listOf(values: readonly SqlValue[]): Sql {
  for (const value of values) checkValue(value);
  return new Fragment(['', ...values.slice(1).map(() => ', '), ''], values);
}

function checkValue(value: SqlValue): void {
  switch (typeof value) {
    case 'string':
      checkText(value);
      return;
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} is no value of a statement.`);
      return;
    case 'bigint':
    case 'boolean':
      return;
    default:
      checkObject(value);
  }
}

function checkObject(value: Exclude<SqlValue, string | number | bigint | boolean>): void {
  if (value === null || value instanceof Uint8Array) return;
  if (value instanceof SqlJson) {
    // As an escape sequence half of a pair is well-formed text, and no text in the database.
    if (/\\u(0000|d[89a-f]..)/i.test(value.text)) checkEscapes(value.text);
  } else if (value instanceof SqlArray) {
    for (const item of value.items) checkValue(item);
  } else if (!(value instanceof Date) || Number.isNaN(value.getTime())) {
    throw new TypeError(
      'A value of a statement must be text, a number, a boolean, a date, bytes, null, sql.json or sql.array.',
    );
  }
}

/** Looks at the texts in a JSON text, whose escape sequences may themselves be escaped. */
function checkEscapes(json: string): void {
  JSON.parse(json, (name, value) => {
    checkText(name);
    if (typeof value === 'string') checkText(value);
    return value;
  });
}
