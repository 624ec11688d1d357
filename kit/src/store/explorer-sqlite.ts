import { ToolError } from '../definitions/definitions.js';
import {
  catalog,
  type ExplorerConnection,
  type ExplorerEngine,
  explorerPart,
  grouped,
  invalidQuery,
  type RawResult,
  type ReadLimits,
  type Table,
  type TableDetails,
} from './explorer.js';
import { unavailable } from './sql.js';
import { SQLITE, splitStatements } from './sql-text.js';
import {
  asStoreError,
  closeAfter,
  Database,
  interruptible,
  retryWhileLocked,
  type SqliteOptions,
  sqliteUrl,
} from './sqlite-connection.js';

/** The SQLite database of `DATABASE_URL`, to explore. The file has to be there. */
export function sqliteExplorer({ file }: SqliteOptions) {
  return explorerPart({
    settings: { DATABASE_URL: sqliteUrl(file) },
    open: ({ DATABASE_URL }) => new Engine(DATABASE_URL),
  });
}

/** What all of SQLite in this process may use: one cell may be made to have a gigabyte (bytes). */
const HEAP_BYTES = 64_000_000;

interface Statement {
  columns(): { readonly name: string }[];
  raw(isOn: boolean): this;
  safeIntegers(isOn: boolean): this;
  all(values: readonly string[]): Promise<unknown[][]>;
}

class Connection implements ExplorerConnection {
  #running: Promise<unknown> | undefined;

  constructor(private readonly database: Database) {}

  /**
   * In parentheses only a query can stand: no PRAGMA, no ATTACH, nothing that writes. It is complete before its first row, which
   * libsql finds off the event loop, and has no more rows than are asked for.
   */
  async read(
    text: string,
    values: readonly string[],
    { maxRows }: ReadLimits,
    signal: AbortSignal,
  ): Promise<RawResult> {
    return await this.#run(async () => {
      const alone = only(text);
      const statement = await this.#prepare(
        alone,
        `WITH result AS MATERIALIZED (SELECT * FROM (${alone}\n) LIMIT ${Math.trunc(maxRows) + 1})
       SELECT * FROM result`,
        signal,
      );
      const columns = statement.columns().map(({ name }) => name);
      const rows = await this.#all(statement, values, signal);
      return { columns, rows, isComplete: rows.length <= maxRows };
    });
  }

  async explain(text: string, signal: AbortSignal): Promise<string> {
    return await this.#run(async () => {
      const alone = only(text);
      const query = `SELECT * FROM (${alone}\n)`;
      const statement = await this.#prepare(alone, query, signal, 'EXPLAIN QUERY PLAN ');
      const rows = await this.#all(statement, [], signal);
      const depths = new Map<unknown, number>();
      return rows
        .map(([id, parent, , detail]) => {
          const depth = (depths.get(parent) ?? -1) + 1;
          depths.set(id, depth);
          return `${'  '.repeat(depth)}${detail}`;
        })
        .join('\n');
    });
  }

  close(): void {
    closeAfter(this.database, this.#running);
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    const running = work();
    this.#running = running;
    try {
      return await running;
    } finally {
      this.#running = undefined;
    }
  }

  /** Prepares a query that only computes, to run it or, with a `prefix`, to be told about it. */
  async #prepare(
    alone: string,
    text: string,
    signal: AbortSignal,
    prefix = '',
  ): Promise<Statement> {
    const prepare = async (sql: string): Promise<Statement> => {
      const made: Statement = await retryWhileLocked(() => this.database.prepare(sql), signal);
      return made.safeIntegers(true).raw(true);
    };
    const statement = await prepare(`${prefix}${text}`);
    // What is a statement by itself cannot end the parentheses around it. Only now: some pragmas act when they are prepared.
    await prepare(`EXPLAIN ${alone}`);
    const program = await this.#all(await prepare(`EXPLAIN ${text}`), [], signal);
    refuseFunctions(program);
    await this.#refuseModules(text, signal, prepare);
    return statement;
  }

  /** Some tables are functions, too: `fsdir` lists the files of the machine. Their names cannot be written in another way. */
  async #refuseModules(
    text: string,
    signal: AbortSignal,
    prepare: (sql: string) => Promise<Statement>,
  ): Promise<void> {
    const modules = await this.#all(
      await prepare('SELECT name FROM pragma_module_list'),
      [],
      signal,
    );
    const words = new Set(text.toLowerCase().match(/\w+/g));
    for (const [module] of modules) {
      const name = String(module).toLowerCase();
      if (words.has(name) && !MODULES.test(name))
        throw invalidQuery(`${name} is not allowed here.`);
    }
  }

  #all(statement: Statement, values: readonly string[], signal: AbortSignal) {
    return interruptible(this.database, signal, () =>
      retryWhileLocked(() => statement.all(values), signal),
    );
  }
}

/** Tables that are functions and show nothing but what they are given, or what the database is made of. */
const MODULES = /^(pragma_\w+|json_each|json_tree|generate_series)$/;

/**
 * Functions that only compute. libsql has others, which read and write files, and run statements out of a text.
 * @see https://www.sqlite.org/lang_corefunc.html
 */
const FUNCTIONS = new Set(
  `-> ->> abs acos acosh asin asinh atan atan2 atanh avg bm25 ceil ceiling char coalesce concat concat_ws cos cosh count
   cume_dist current_date current_time current_timestamp date datetime degrees dense_rank exp first_value floor format glob
   group_concat hex highlight ifnull iif instr json json_array json_array_length json_error_position json_extract json_group_array
   json_group_object json_insert json_object json_patch json_quote json_remove json_replace json_set json_type json_valid jsonb
   jsonb_array jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_patch jsonb_remove jsonb_replace
   jsonb_set julianday lag last_value lead length like likelihood likely ln log log10 log2 lower ltrim match max median min mod
   nth_value ntile nullif octet_length percent_rank pi pow power printf quote radians random randomblob rank regexp replace
   round row_number rtrim sign sin sinh snippet soundex sqlite_version sqrt strftime string_agg substr substring sum tan tanh
   time timediff total trim trunc typeof unhex unicode unixepoch unlikely upper zeroblob`.split(
    /\s+/,
  ),
);

/**
 * Looks at what a statement is compiled to, where each function has its own name, in whatever way the text has it.
 * @see https://www.sqlite.org/opcode.html
 * @throws {ToolError} `INVALID_QUERY` with the name of a function that does more than compute
 */
function refuseFunctions(program: readonly (readonly unknown[])[]): void {
  for (const [, opcode, , , , operand] of program) {
    if (!/^(Pure)?Func|^Agg/.test(String(opcode))) continue;
    const [, name = ''] = /^(.*)\(-?\d+\)$/.exec(String(operand)) ?? [];
    if (name !== '' && !FUNCTIONS.has(name.toLowerCase())) {
      throw invalidQuery(`The function ${name} is not allowed here.`);
    }
  }
}

/** The text, when it is one statement: libsql would leave out others without a word. @throws {ToolError} `INVALID_QUERY` */
function only(text: string): string {
  const [first, ...others] = splitStatements(text, SQLITE);
  if (first === undefined) throw invalidQuery('There is no query.');
  if (others.length > 0) throw invalidQuery('Only one query at a time.');
  return first.text;
}

class Engine implements ExplorerEngine {
  constructor(private readonly path: string) {}

  async connect(): Promise<ExplorerConnection> {
    const path = encodeURI(this.path).replaceAll('?', '%3f').replaceAll('#', '%23');
    const database = new Database(`file:${path}?mode=ro`, {});
    try {
      await database.exec(`PRAGMA query_only = ON; PRAGMA hard_heap_limit = ${HEAP_BYTES}`);
    } catch (error) {
      database.close();
      throw error;
    }
    return new Connection(database);
  }

  /** A file has no roles; the connection cannot write. */
  async dangers(): Promise<readonly string[]> {
    return [];
  }

  async tables(connection: ExplorerConnection, signal: AbortSignal): Promise<Table[]> {
    const rows = await catalog<Pick<Table, 'name' | 'kind'>>(
      connection,
      `SELECT name, type AS kind FROM sqlite_schema
       WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`,
      [],
      signal,
    );
    const estimates = await this.#estimates(connection, signal);
    return rows.map(({ name, kind }) => ({
      schema: 'main',
      name,
      kind,
      estimatedRows: estimates.get(name) ?? null,
      comment: null,
    }));
  }

  /** What ANALYZE has left, where somebody ran it. */
  async #estimates(connection: ExplorerConnection, signal: AbortSignal) {
    try {
      const rows = await catalog<{ name: string; stat: string }>(
        connection,
        'SELECT tbl AS name, max(stat) AS stat FROM sqlite_stat1 GROUP BY tbl',
        [],
        signal,
      );
      return new Map(rows.map(({ name, stat }) => [name, Number.parseInt(stat, 10)]));
    } catch (error) {
      if (!/no such table/.test((error as Error).message)) throw error;
      return new Map<string, number>();
    }
  }

  async details(
    connection: ExplorerConnection,
    { name }: Table,
    signal: AbortSignal,
  ): Promise<Omit<TableDetails, keyof Table>> {
    const read = <Row>(text: string) => catalog<Row>(connection, text, [name], signal);
    const columns = await read<{
      name: string;
      type: string;
      notnull: number;
      value: string | null;
      pk: number;
    }>(
      'SELECT name, type, "notnull", dflt_value AS value, pk FROM pragma_table_xinfo(?) WHERE hidden <> 1',
    );
    const keys = await read<{ id: number; table: string; from: string; to: string | null }>(
      'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq',
    );
    const indexes = await read<{ name: string; definition: string }>(
      `SELECT name, sql AS definition FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL ORDER BY name`,
    );
    return {
      columns: columns.map(({ name: column, type, notnull, value }) => ({
        ...{ name: column, type, default: value, comment: null },
        isNullable: Number(notnull) === 0,
      })),
      primaryKey: columns
        .filter(({ pk }) => Number(pk) > 0)
        .sort((a, b) => Number(a.pk) - Number(b.pk))
        .map((column) => column.name),
      foreignKeys: grouped(keys, ({ id }) => id).map((parts) => ({
        columns: parts.map(({ from }) => from),
        references: {
          ...{ schema: 'main', name: parts[0]?.table ?? '' },
          columns: parts.flatMap(({ to }) => to ?? []),
        },
      })),
      indexes,
    };
  }

  quote(name: string): string {
    return `"${name.replaceAll('"', '""')}"`;
  }

  asToolError(error: unknown): ToolError | undefined {
    const { code, message } = error as { code?: unknown; message: string };
    if (code === 'SQLITE_NOMEM') {
      return new ToolError('OUTPUT_TOO_LARGE', 'The query needs too much memory.', {
        suggestions: ['Ask for less at a time.'],
      });
    }
    if (/ConnectionFailed/.test(message)) return unavailable(error);
    const known = asStoreError(error);
    if (known !== undefined) return known;
    return typeof code === 'string' && code.startsWith('SQLITE_')
      ? invalidQuery(message)
      : undefined;
  }
}
