import { setTimeout as sleep } from 'node:timers/promises';
import { ToolError } from '../definitions/errors.js';
import type { Database } from './libsql.js';
import type { SqlValue } from './sql.js';

/** So many statements are kept. A server whose texts are fixed has fewer. */
const MAX_KEPT = 100;

interface Statement {
  columns(): readonly { readonly name: string }[];
  all(values: readonly SqlValue[]): Promise<unknown[]>;
}

/**
 * One connection, for one statement at a time. It keeps its statements: to free one takes the lock of the connection, which a
 * statement under way holds, and garbage is collected in the event loop.
 */
export class Connection {
  readonly #kept = new Map<string, Statement>();

  constructor(private readonly database: Database) {}

  /** Runs a statement until it is done or `signal` is aborted. */
  async all(text: string, values: readonly SqlValue[], signal?: AbortSignal): Promise<unknown[]> {
    const statement = this.#kept.get(text) ?? (await this.#prepare(text));
    signal?.throwIfAborted();
    // An interrupt is lost on a statement that has not started yet, so it is repeated until the statement ends.
    let retry: NodeJS.Timeout | undefined;
    const interrupt = () => {
      this.database.interrupt();
      retry ??= setInterval(interrupt, 10);
    };
    signal?.addEventListener('abort', interrupt, { once: true });
    try {
      return await statement.all(values);
    } finally {
      signal?.removeEventListener('abort', interrupt);
      clearInterval(retry);
    }
  }

  /**
   * libsql finds the first row off the event loop and all others in it, so a query has to be complete before its first row. What is
   * not a query cannot be written that way, and is complete by then.
   */
  async #prepare(text: string): Promise<Statement> {
    const query = `WITH result AS MATERIALIZED (${text.replace(/;\s*$/, '')}\n) SELECT * FROM result`;
    const prepare = (sql: string): Promise<Statement> => this.database.prepare(sql);
    const wrapped = await prepare(query).catch((error: unknown) => {
      if (isLocked(error)) throw error;
      return undefined;
    });
    const statement = wrapped ?? (await prepare(text));
    if (wrapped === undefined) refuseTwins(statement);
    // In the query around it, the second of two columns that are called `id` is `id:1`.
    else if (columnsOf(wrapped).some((name) => /:\d+$/.test(name)))
      refuseTwins(await prepare(text));
    if (this.#kept.size < MAX_KEPT) this.#kept.set(text, statement);
    return statement;
  }

  close(): void {
    this.database.close();
  }
}

/**
 * A row has one value for each name, so of two columns with one name a query would lose one.
 * @throws {Error} with the name
 */
function refuseTwins(statement: Statement): void {
  const names = columnsOf(statement).map((name) => name.toLowerCase());
  const twin = names.find((name, index) => names.indexOf(name) < index);
  if (twin === undefined) return;
  throw new Error(`Two columns are called ${twin}. Give one of them another name with AS.`);
}

/** The names of the columns of a result; what gives none has none. */
function columnsOf(statement: Statement): string[] {
  try {
    return statement.columns().map(({ name }) => name);
  } catch {
    return [];
  }
}

/** How long to wait for the locks of other processes, in milliseconds. */
const WAIT_MS = 5_000;

/**
 * Does `work` again while another process has locked the database. SQLite can wait by itself, but it holds the lock of the
 * connection meanwhile.
 */
export async function whenUnlocked<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
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
