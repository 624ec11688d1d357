import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/v4';
import { ToolError } from '../definitions/definitions.js';
import { PROJECT } from '../host/node/project.js';
import { alreadyExists, refuseTwins, type SqlResult } from './sql.js';
import { type Sql, SqlArray, SqlJson, type SqlValue } from './statement.js';

/** New in Node.js 20.13, and not yet in its types. */
type ProcessReport = typeof process.report & { excludeNetwork: boolean };

/**
 * libsql, loaded at the start, while nobody is connected yet. To find its native part it makes a diagnostic report, for which
 * Node.js looks up the name of every peer, one after the other and in the event loop.
 */
const report = process.report as ProcessReport;
const { excludeNetwork } = report;
report.excludeNetwork = true;
export const { default: Database } = await import('libsql/promise');
report.excludeNetwork = excludeNetwork;

export type Database = InstanceType<typeof Database>;

export interface SqliteOptions {
  /** The file of the database, relative to the project, unless `DATABASE_URL` names another. */
  readonly file: string;
}

/**
 * `file:<path>`, as the path. The driver opens servers of libSQL as well, but waits for their rows in the event loop, cannot stop
 * a statement there and has no timeout.
 */
export const sqliteUrl = (byDefault: string) =>
  z
    .string()
    .refine((url) => !/^(?:libsql|https?|wss?):/i.test(url), {
      error: 'must be file:<path>: servers of libSQL are not supported',
      abort: true,
    })
    .regex(/^file:./, 'must be file:<path>')
    .default(`file:${byDefault}`)
    .transform((url) => resolve(PROJECT, url.slice('file:'.length)));

/** So many statements are kept. A server whose texts are fixed has fewer. */
const MAX_KEPT = 100;

interface Column {
  readonly name: string;
  /** As the table declares it. */
  readonly type: string | null;
}
type SqliteValue = string | number | bigint | Uint8Array | null;
type Row = Record<string, unknown>;

interface Statement {
  columns(): readonly Column[];
  iterate(values: readonly SqliteValue[]): Promise<Iterator<Row>>;
  safeIntegers(isOn: boolean): this;
}

/** A statement that was prepared, and what has to be done to its rows. */
interface Kept {
  readonly statement: Statement;
  readonly decode: (row: Row) => Row;
  readonly isQuery: boolean;
}

/**
 * One connection, for one statement at a time. It keeps its statements: to free one takes the lock of the connection, which a
 * statement under way holds, and garbage is collected in the event loop.
 */
export class Connection {
  readonly #kept = new Map<string, Kept>();
  #running: Promise<unknown> | undefined;

  constructor(private readonly database: Database) {}

  /** Runs a statement until it is done or `signal` is aborted. */
  async run(sql: Sql, signal?: AbortSignal): Promise<SqlResult> {
    const running = this.#run(sql, signal);
    this.#running = running;
    try {
      return await running;
    } finally {
      this.#running = undefined;
    }
  }

  async #run({ strings, values }: Sql, signal?: AbortSignal): Promise<SqlResult> {
    const { statement, decode, isQuery } = await this.#statement(strings.join('?'));
    const rows = await this.#begin(statement, values, signal);
    const all = [];
    for (let next = rows.next(); !next.done; next = rows.next()) all.push(decode(next.value));
    return { rows: all, affected: isQuery ? 0 : await this.#changes() };
  }

  /** The rows of a query in pieces. Until they are read, the connection does nothing else. */
  async *batches(
    { strings, values }: Sql,
    batch: number,
    signal?: AbortSignal,
  ): AsyncIterable<Row[]> {
    const { statement, decode } = await this.#statement(strings.join('?'));
    const beginning = this.#begin(statement, values, signal);
    this.#running = beginning;
    const rows = await beginning.finally(() => {
      this.#running = undefined;
    });
    for (let isDone = false; !isDone; ) {
      const piece = [];
      while (piece.length < batch) {
        const next = rows.next();
        if (next.done) break;
        piece.push(decode(next.value));
      }
      isDone = piece.length < batch;
      if (piece.length > 0) yield piece;
    }
  }

  /** Finds the first row. */
  async #begin(
    statement: Statement,
    values: readonly SqlValue[],
    signal: AbortSignal | undefined,
  ): Promise<Iterator<Row>> {
    return await interruptible(this.database, signal, () => statement.iterate(values.map(encode)));
  }

  async #changes(): Promise<number> {
    const { statement } = await this.#statement('SELECT changes() AS changes');
    const { value } = (await statement.iterate([])).next();
    return Number(value.changes);
  }

  async #statement(text: string): Promise<Kept> {
    const known = this.#kept.get(text);
    if (known !== undefined) return known;
    const { statement, isQuery } = await this.#prepare(text);
    const kept = { statement, isQuery, decode: decoderOf(columnsOf(statement)) };
    if (this.#kept.size < MAX_KEPT) this.#kept.set(text, kept);
    return kept;
  }

  /**
   * libsql finds the first row off the event loop and all others in it, so a query has to be complete before its first row. What is
   * not a query cannot be written that way, and is complete by then.
   */
  async #prepare(text: string): Promise<Pick<Kept, 'statement' | 'isQuery'>> {
    const query = `WITH result AS MATERIALIZED (${text.replace(/;\s*$/, '')}\n) SELECT * FROM result`;
    const prepare = async (sql: string): Promise<Statement> =>
      (await this.database.prepare(sql)).safeIntegers(true);
    const wrapped = await prepare(query).catch((error: unknown) => {
      if (isLocked(error)) throw error;
      return undefined;
    });
    const statement = wrapped ?? (await prepare(text));
    if (wrapped === undefined) refuseTwins(namesOf(statement));
    // In the query around it, the second of two columns that are called `id` is `id:1`.
    else if (columnsOf(wrapped).some(({ name }) => /:\d+$/.test(name)))
      refuseTwins(namesOf(await prepare(text)));
    return { statement, isQuery: wrapped !== undefined };
  }

  close(): void {
    closeAfter(this.database, this.#running);
  }
}

/** Does `work` on a connection until `signal` is aborted. */
export async function interruptible<T>(
  database: Database,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  // An interrupt is lost on a statement that has not started yet, so it is repeated until the statement ends.
  let retry: NodeJS.Timeout | undefined;
  const interrupt = () => {
    database.interrupt();
    retry ??= setInterval(interrupt, 10);
  };
  signal?.addEventListener('abort', interrupt, { once: true });
  try {
    return await work();
  } finally {
    signal?.removeEventListener('abort', interrupt);
    clearInterval(retry);
  }
}

/** Closes a connection once what is under way has ended: to interrupt it on a closed one would end the process. */
export function closeAfter(database: Database, running: Promise<unknown> | undefined): void {
  const close = () => database.close();
  if (running === undefined) close();
  else running.then(close, close);
}

/** The names of the columns of a result. Those that differ in capitals alone are one. */
function namesOf(statement: Statement): string[] {
  return columnsOf(statement).map(({ name }) => name.toLowerCase());
}

/** The columns of a result; what gives none has none. */
function columnsOf(statement: Statement): readonly Column[] {
  try {
    return statement.columns();
  } catch {
    return [];
  }
}

/** As SQLite has it: it has no booleans, times or JSON. */
function encode(value: SqlValue): SqliteValue {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  // The driver binds a number as floating point: as text it would be 5.0.
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof SqlJson) return value.text;
  if (value instanceof SqlArray) {
    throw new TypeError('SQLite has no arrays. Use sql.in for IN, or sql.json to keep one.');
  }
  return value;
}

/** Rows with the types that other databases have, by what their columns are declared as. */
function decoderOf(columns: readonly Column[]): (row: Row) => Row {
  const decoders = columns.map(({ name, type }) => [name, decoderFor(type ?? '')] as const);
  return (row) => {
    for (const [name, decode] of decoders) row[name] = decode(row[name]);
    return row;
  };
}

function decoderFor(type: string): (value: unknown) => unknown {
  if (/^bool/i.test(type)) return (value) => (isInteger(value) ? Number(value) !== 0 : value);
  if (/^(datetime|timestamp)/i.test(type)) return toDate;
  if (/^jsonb?$/i.test(type))
    return (value) => (typeof value === 'string' ? JSON.parse(value) : value);
  return toValue;
}

const isInteger = (value: unknown) => typeof value === 'bigint' || typeof value === 'number';

/** A whole number is a `number` where that holds it exactly. */
function toValue(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  return value instanceof ArrayBuffer ? new Uint8Array(value) : value;
}

/** Both ways of SQLite to write a time, `2026-11-30T08:00:00.000Z` and `2026-11-30 08:00:00`, are in UTC. */
function toDate(value: unknown): unknown {
  if (typeof value !== 'string') return toValue(value);
  const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/i.test(value);
  const date = new Date(hasZone ? value : `${value.replace(' ', 'T')}Z`);
  return Number.isNaN(date.getTime()) ? value : date;
}

/** How long to wait for the locks of other processes, in milliseconds. */
const WAIT_MS = 5_000;

/**
 * Does `work` again while another process has locked the database. SQLite can wait by itself, but it holds the lock of the
 * connection meanwhile.
 */
export async function retryWhileLocked<T>(
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isLocked(error) || performance.now() > deadline) throw error;
    }
    // At random, so that those who wait do not come back all at once.
    await sleep(5 + 45 * Math.random(), undefined, signal && { signal });
  }
}

/**
 * What the caller may know, by result code. Every other code means that the statement is wrong, and stays inside.
 * @see https://www.sqlite.org/rescode.html
 */
const CODES: readonly [RegExp, string, string][] = [
  [/^SQLITE_(CANTOPEN|FULL|IOERR)/, 'STORE_UNAVAILABLE', 'The database is not available.'],
  // libsql asks for the code after the statement has failed; by then it may be OK again.
  [/^SQLITE_(BUSY|LOCKED|OK$)/, 'STORE_BUSY', 'Someone else is changing the data.'],
];

/** A value that has to be unique is there already. */
const DUPLICATE = /^SQLITE_CONSTRAINT_(PRIMARYKEY|ROWID|UNIQUE)$/;

/** An error of the database as one that the caller may see, or `undefined`. */
export function asStoreError(error: unknown): ToolError | undefined {
  const { code } = error as { code?: unknown };
  if (DUPLICATE.test(String(code))) return alreadyExists(error);
  const [, name, text] = CODES.find(([pattern]) => pattern.test(String(code))) ?? [];
  if (name === undefined) return undefined;
  return new ToolError(name, `${text} Try again later.`, { retryable: true });
}

/** Whether a statement may succeed as soon as someone else has finished. */
export function isLocked(error: unknown): boolean {
  return asStoreError(error)?.code === 'STORE_BUSY';
}
