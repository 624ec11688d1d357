import type * as z from 'zod/v4';
import { ToolError } from '../definitions/definitions.js';
import { bool, type SettingsOf, type SettingsShape } from '../definitions/settings.js';
import type { Part, PartEnv } from '../parts.js';
import { applyMigrations, checkMigrations, type MigrationDatabase } from './migrations.js';
import { rawSql, requireSql, type Sql } from './statement.js';
import { checked, forCaller, optionsOf, orAborted, unanswered, unavailable } from './store.js';

export { type Sql, type SqlValue, sql } from './statement.js';
export { orAborted, unavailable } from './store.js';
export { searchable } from './text.js';

export interface QueryOptions<Row = unknown> {
  /** The statement stops at the database when this is aborted: pass on the `signal` of the call. */
  readonly signal?: AbortSignal | undefined;
  /** Checks each row, and says what type it has. */
  readonly row?: z.ZodType<Row> | undefined;
}

/**
 * What statements run on: the store, or a transaction in it. All throw `ToolError`s that say when the same may work later, and
 * `ALREADY_EXISTS` for a row whose key another row has.
 */
export interface SqlRunner {
  /**
   * Runs one statement and returns all its rows.
   * @throws {ToolError} `STORE_UNAVAILABLE`, `STORE_BUSY` or `STORE_TIMEOUT` when it may work later.
   */
  query<Row>(statement: Sql, options?: AbortSignal | QueryOptions<Row>): Promise<Row[]>;
  /** The only row. @throws {Error} when there is none, or more than one. */
  one<Row>(statement: Sql, options?: AbortSignal | QueryOptions<Row>): Promise<Row>;
  /** The row, or `undefined`. @throws {Error} when there is more than one. */
  optional<Row>(
    statement: Sql,
    options?: AbortSignal | QueryOptions<Row>,
  ): Promise<Row | undefined>;
  /** Runs a statement that changes rows, and returns how many it concerned. */
  execute(statement: Sql, signal?: AbortSignal): Promise<number>;
  /**
   * Runs `work` in one transaction: all that its statements do becomes visible when it is done, or nothing when it throws, when
   * `signal` is aborted, or when the process ends. A transaction in a transaction is a savepoint.
   */
  transaction<T>(work: (tx: SqlRunner) => Promise<T>, options?: TransactionOptions): Promise<T>;
}

export interface TransactionOptions {
  readonly signal?: AbortSignal | undefined;
  /** By default what the database does by itself. Not for a transaction within another. */
  readonly isolation?: Isolation;
  readonly readOnly?: boolean;
}

export type Isolation = 'read committed' | 'repeatable read' | 'serializable';

/** A SQL database. */
export interface Store extends SqlRunner {
  /**
   * The rows of a query, one after the other: no more of them are in memory than the next `batch` (by default 100). It occupies a
   * connection until the loop ends.
   */
  stream<Row>(
    statement: Sql,
    options?: QueryOptions<Row> & { readonly batch?: number },
  ): AsyncIterable<Row>;
  /** Rejects when the database cannot be used. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** What a statement gave. */
export interface SqlResult {
  readonly rows: readonly unknown[];
  /** How many rows it has changed. */
  readonly affected: number;
}

/** One connection, for one statement at a time. */
export interface SqlConnection {
  /** Runs a statement until it is done, or until `signal` is aborted and the database has stopped it. */
  run(statement: Sql, signal?: AbortSignal): Promise<SqlResult>;
  /** The rows of a query, in pieces. What is not read is given up. */
  batches(statement: Sql, batch: number, signal?: AbortSignal): AsyncIterable<readonly unknown[]>;
  /** Gives the connection back. One that is not usable is closed, which ends its transaction. */
  release(isUsable: boolean): void;
}

/** What a kind of SQL database has to provide; `sqlPart` makes a store of it. */
export interface SqlEngine {
  /** @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/db/#db-system-name */
  readonly system: string;
  /** Runs one statement on any connection, where that is not one of `connect` for its time. */
  run?(statement: Sql, signal?: AbortSignal): Promise<SqlResult>;
  /** A connection of one's own. */
  connect(signal?: AbortSignal): Promise<SqlConnection>;
  /** The statements that begin a transaction. */
  begin(options: TransactionOptions): readonly string[];
  /** An error of the database as one that the caller may see and the same call may overcome later, or `undefined`. */
  asStoreError(error: unknown): ToolError | undefined;
  close(): Promise<void>;
}

/** The settings of every SQL database. */
const sqlSettings = {
  /** `false` where `npm run migrate` does it, so that the server's role needs no right to define tables. */
  MIGRATE_ON_START: bool(true),
};

/** What a kind of SQL database is made of. */
export interface SqlPartOptions<Shape extends SettingsShape> {
  readonly settings: Shape;
  open(config: SettingsOf<Shape>, env: PartEnv): SqlEngine;
  /** A connection that applies migrations. */
  openMigrations(config: SettingsOf<Shape>): Promise<MigrationDatabase>;
}

/** A datastore that `npm run migrate` can migrate, and `npm run seed` can fill. */
export interface SqlPart<Shape extends SettingsShape = SettingsShape> extends Part<Shape, Store> {
  openMigrations(config: SettingsOf<Shape>): Promise<MigrationDatabase>;
}

/** A SQL database as a part of a server. */
export function sqlPart<Shape extends SettingsShape>({
  settings,
  open,
  openMigrations,
}: SqlPartOptions<Shape>) {
  return {
    name: 'datastore',
    settings: { ...settings, ...sqlSettings },
    open(env: PartEnv<Shape & typeof sqlSettings>): Store {
      return new EngineStore(open(env.config, env), env, async () => {
        const database = await openMigrations(env.config);
        try {
          if (env.config.MIGRATE_ON_START) await applyMigrations(database, env.log);
          else await checkMigrations(database);
        } finally {
          await database.close();
        }
      });
    },
    openMigrations,
    check: (store: Store) => store.ping(),
    close: (store: Store) => store.close(),
  };
}

/** What is the same for a store and a transaction: what becomes of the rows. */
abstract class Runner implements SqlRunner {
  protected abstract run(statement: Sql, signal: AbortSignal | undefined): Promise<SqlResult>;
  abstract transaction<T>(
    work: (tx: SqlRunner) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>;

  async query<Row>(statement: Sql, options?: AbortSignal | QueryOptions<Row>): Promise<Row[]> {
    const { signal, row } = optionsOf(options);
    requireSql(statement);
    const { rows } = await this.run(statement, signal);
    return row === undefined ? (rows as Row[]) : rows.map((one) => checkedRow(one, row));
  }

  async one<Row>(statement: Sql, options?: AbortSignal | QueryOptions<Row>): Promise<Row> {
    const rows = await this.query(statement, options);
    if (rows.length !== 1) throw new Error(`A query for one row gave ${rows.length}.`);
    return rows[0] as Row;
  }

  async optional<Row>(
    statement: Sql,
    options?: AbortSignal | QueryOptions<Row>,
  ): Promise<Row | undefined> {
    const rows = await this.query(statement, options);
    if (rows.length > 1) throw new Error(`A query for one row gave ${rows.length}.`);
    return rows[0];
  }

  async execute(statement: Sql, signal?: AbortSignal): Promise<number> {
    requireSql(statement);
    return (await this.run(statement, signal)).affected;
  }
}

class EngineStore extends Runner implements Store {
  #prepared: Promise<void> | undefined;

  constructor(
    private readonly engine: SqlEngine,
    private readonly env: Pick<PartEnv, 'log' | 'tracing'>,
    private readonly migrate: () => Promise<void>,
  ) {
    super();
  }

  protected run(statement: Sql, signal: AbortSignal | undefined): Promise<SqlResult> {
    return this.#told(statement, signal, async () => {
      if (this.engine.run !== undefined) return await this.engine.run(statement, signal);
      const connection = await this.engine.connect(signal);
      try {
        return await connection.run(statement, signal);
      } finally {
        connection.release(true);
      }
    });
  }

  async transaction<T>(
    work: (tx: SqlRunner) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    const { signal } = options;
    const connection = await this.#answered(signal, () => this.engine.connect(signal));
    const session: Session = {
      run: (statement, stop) => this.#told(statement, stop, () => connection.run(statement, stop)),
      last: Promise.resolve(),
      savepoints: 0,
    };
    let isUsable = false;
    try {
      for (const text of this.engine.begin(options)) await session.run(rawSql(text), signal);
      const result = await Transaction.within(session, signal, work, {
        accept: () => this.#commit(session),
        undo: async () => {
          await session.run(rawSql('ROLLBACK'));
        },
      });
      isUsable = true;
      return result;
    } catch (error) {
      isUsable = !(error instanceof RollbackError) && !this.#isLost(error);
      throw error instanceof RollbackError ? error.cause : error;
    } finally {
      connection.release(isUsable);
    }
  }

  async *stream<Row>(
    statement: Sql,
    { signal, row, batch = 100 }: QueryOptions<Row> & { readonly batch?: number } = {},
  ): AsyncIterable<Row> {
    requireSql(statement);
    const connection = await this.#answered(signal, () => this.engine.connect(signal));
    let isDone = false;
    try {
      const batches = connection.batches(statement, batch, signal)[Symbol.asyncIterator]();
      try {
        for (;;) {
          const { value, done } = await this.#told(statement, signal, () => batches.next());
          if (done) break;
          for (const one of value) {
            yield row === undefined ? (one as Row) : checkedRow(one, row);
            signal?.throwIfAborted();
          }
        }
        isDone = true;
      } finally {
        if (!isDone) await batches.return?.();
      }
    } finally {
      connection.release(isDone);
    }
  }

  async ping(): Promise<void> {
    await this.run(rawSql('SELECT 1'), undefined);
  }

  async close(): Promise<void> {
    await this.engine.close();
  }

  /** After an unanswered COMMIT nobody knows whether it was done, so nobody may do it again. */
  async #commit(session: Session): Promise<void> {
    try {
      await session.run(rawSql('COMMIT'));
    } catch (error) {
      const isUnanswered = error instanceof ToolError && /UNAVAILABLE|TIMEOUT/.test(error.code);
      if (!isUnanswered) throw error;
      throw unanswered(error);
    }
  }

  #isLost(error: unknown): boolean {
    return error instanceof ToolError && error.code === 'STORE_UNAVAILABLE';
  }

  #told<T>(statement: Sql, signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T> {
    const work = () => this.#answered(signal, run);
    const { tracing } = this.env;
    if (tracing === undefined) return work();
    return tracing.query({ system: this.engine.system, text: statement.strings.join('?') }, work);
  }

  /** Has the database ready for `run`, and its errors in the words for callers. */
  async #answered<T>(signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T> {
    try {
      await orAborted(this.#ready(), signal);
      signal?.throwIfAborted();
      return await run();
    } catch (error) {
      throw forCaller(error, signal, this.env.log, (known) => this.engine.asStoreError(known));
    }
  }

  /** The database has its tables. What has failed is tried again with the next statement. */
  #ready(): Promise<void> {
    this.#prepared ??= this.migrate().catch((error: unknown) => {
      this.#prepared = undefined;
      throw this.engine.asStoreError(error) ?? unavailable(error);
    });
    return this.#prepared;
  }
}

/**
 * A row has one value for each name, so of two columns with one name one would be lost.
 * @throws {Error} with the name
 */
export function refuseTwins(names: readonly string[]): void {
  const twin = names.find((name, index) => names.indexOf(name) < index);
  if (twin === undefined) return;
  throw new Error(`Two columns are called ${twin}. Give one of them another name with AS.`);
}

/** The same for rows that are there: a row with fewer values than columns has lost one. @throws {Error} with the name */
export function refuseLostColumns(
  [row]: readonly object[],
  columns: readonly { readonly name: string }[],
): void {
  if (row === undefined || Object.keys(row).length === columns.length) return;
  refuseTwins(columns.map(({ name }) => name));
}

/** For a row whose key another row has: a starter catches it by its code and names the value. */
export function alreadyExists(cause?: unknown): ToolError {
  return new ToolError('ALREADY_EXISTS', 'There is one with the same key already.', {
    cause,
    suggestions: ['Read the one that is there, or use another key.'],
  });
}

/** What the transactions on one connection share. */
interface Session {
  run(statement: Sql, signal?: AbortSignal): Promise<SqlResult>;
  /** A connection runs one statement at a time. */
  last: Promise<unknown>;
  savepoints: number;
}

interface TransactionEnd {
  accept(): Promise<unknown>;
  undo(): Promise<unknown>;
}

const INNER_OPEN = 'The transaction within this one has not ended yet: await it.';

/** A transaction that could not be undone: only the end of its connection does it. */
class RollbackError extends Error {}

class Transaction extends Runner {
  /** Aborted when the transaction is over: no statement begins then, and none goes on. */
  readonly #over = new AbortController();
  /** The transaction within this one that has not ended. */
  #inner: Promise<unknown> | undefined;

  private constructor(
    private readonly session: Session,
    private readonly signal: AbortSignal | undefined,
  ) {
    super();
  }

  /** Runs `work` in a transaction that has begun, and ends it one way or the other. */
  static async within<T>(
    session: Session,
    signal: AbortSignal | undefined,
    work: (tx: SqlRunner) => Promise<T>,
    { accept, undo }: TransactionEnd,
  ): Promise<T> {
    const tx = new Transaction(session, signal);
    try {
      const result = await orAborted(work(tx), signal);
      await orAborted(tx.#allDone(), signal);
      if (tx.#inner !== undefined) throw new Error(INNER_OPEN);
      tx.#end(new Error('This transaction is over.'));
      await accept();
      return result;
    } catch (error) {
      tx.#end(error);
      await tx.#inner?.catch(() => {});
      await session.last;
      await undo().catch(() => {
        throw new RollbackError('not rolled back', { cause: error });
      });
      throw error;
    }
  }

  protected run(statement: Sql, signal: AbortSignal | undefined): Promise<SqlResult> {
    if (this.#inner !== undefined) return Promise.reject(new Error(INNER_OPEN));
    return this.#inTurn(statement, signal);
  }

  async transaction<T>(
    work: (tx: SqlRunner) => Promise<T>,
    { signal = this.signal, isolation, readOnly }: TransactionOptions = {},
  ): Promise<T> {
    if (isolation !== undefined || readOnly !== undefined) {
      throw new TypeError('Isolation and readOnly are those of the outermost transaction.');
    }
    if (this.#inner !== undefined) throw new Error(INNER_OPEN);
    const inner = this.#savepoint(work, signal);
    this.#inner = inner;
    try {
      return await inner;
    } finally {
      this.#inner = undefined;
    }
  }

  async #savepoint<T>(
    work: (tx: SqlRunner) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    this.session.savepoints += 1;
    const name = `s${this.session.savepoints}`;
    const control = (text: string) => this.session.run(rawSql(text));
    await this.#inTurn(rawSql(`SAVEPOINT ${name}`), signal);
    return await Transaction.within(this.session, both(signal, this.#over.signal), work, {
      accept: () => control(`RELEASE SAVEPOINT ${name}`),
      undo: () => control(`ROLLBACK TO SAVEPOINT ${name}`),
    });
  }

  #inTurn(statement: Sql, signal: AbortSignal | undefined): Promise<SqlResult> {
    const stop = both(both(signal, this.signal), this.#over.signal);
    const result = this.session.last.then(() => {
      stop?.throwIfAborted();
      return this.session.run(statement, stop);
    });
    this.session.last = result.catch(() => {});
    return result;
  }

  /** Also of those statements that the work did not wait for. */
  async #allDone(): Promise<void> {
    for (let last: unknown; last !== this.session.last; ) {
      last = this.session.last;
      await last;
    }
  }

  #end(reason: unknown): void {
    this.#over.abort(reason);
  }
}

function both(a: AbortSignal | undefined, b: AbortSignal | undefined): AbortSignal | undefined {
  if (a === undefined || a === b) return b;
  return b === undefined ? a : AbortSignal.any([a, b]);
}

/** @throws {Error} with the place in the row and without its values, which may be anybody's data. */
function checkedRow<Row>(row: unknown, schema: z.ZodType<Row>): Row {
  return checked(row, schema, 'A row is not what the query expects');
}
