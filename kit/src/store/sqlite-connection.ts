import type { Database } from './libsql.js';
import type { SqlValue } from './sql.js';
import { isLocked } from './sqlite-error.js';

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
    const isQuery = true;
    const statement: Statement = await this.database.prepare(query).catch((error: unknown) => {
      if (isLocked(error)) throw error;
      isQuery = false;
      return this.database.prepare(text);
    });
    if (isQuery) refuseTwins(statement);
    if (this.#kept.size < MAX_KEPT) this.#kept.set(text, statement);
    return statement;
  }

  close(): void {
    this.database.close();
  }
}

/**
 * A row has one value for each name, so of two columns with one name a query would lose one. The second is called `id:1` here.
 * @throws {Error} with the name
 */
function refuseTwins(statement: Statement): void {
  const names = statement.columns().map(({ name }) => name);
  const first = names.find((name) =>
    names.some((other) => /^:\d+$/.test(other.slice(name.length)) && other.startsWith(name)),
  );
  if (first === undefined) return;
  throw new Error(
    `Two columns of a query are called ${first}. Give one of them another name with AS.`,
  );
}
