import { ToolError } from '../definitions/definitions.js';
import { bool, int, type SettingsOf, type SettingsShape } from '../definitions/settings.js';
import type { Part, PartEnv } from '../parts.js';
import { countConnections, Places } from './pool.js';
import { orAborted, unavailable } from './store.js';

/** `orders` of the schema `sales` is `sales.orders`. */
export const fullName = ({ schema, name }: TableName): string => `${schema}.${name}`;

/** A value as JSON has it. Bytes are `{ bytes, base64 }`. */
export type Cell = string | number | boolean | null | Cell[] | { [name: string]: Cell };

export interface QueryResult {
  columns: string[];
  /** Each in the order of the columns. */
  rows: Cell[][];
  /** `false` when the query has more rows than these. */
  isComplete: boolean;
}

export interface ReadLimits {
  readonly maxRows: number;
  /** Of the rows as JSON. */
  readonly maxBytes: number;
}

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

export interface Table extends TableName {
  readonly kind: 'table' | 'view';
  /** What the database believes, without counting; `null` when it does not know. */
  readonly estimatedRows: number | null;
  readonly comment: string | null;
}

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly isNullable: boolean;
  readonly default: string | null;
  readonly comment: string | null;
}

export interface TableDetails extends Table {
  readonly columns: readonly Column[];
  readonly primaryKey: readonly string[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly indexes: readonly { readonly name: string; readonly definition: string }[];
}

export interface ForeignKey {
  readonly columns: readonly string[];
  readonly references: TableName & { readonly columns: readonly string[] };
}

/**
 * A database that somebody else owns, and that is only read. What a query may be is decided by the database and not by its words: one
 * statement, in a transaction that only reads, by a role that can do nothing else, on a connection that is thrown away.
 */
export interface DatabaseExplorer {
  /**
   * Runs one query.
   * @throws {ToolError} `INVALID_QUERY` with what the database says of it, `STORE_TIMEOUT`, `STORE_UNAVAILABLE`,
   * `OUTPUT_TOO_LARGE` when not even one row fits
   */
  query(text: string, limits: ReadLimits, signal: AbortSignal): Promise<QueryResult>;
  /** How the database would run a query, in its own words. MySQL runs parts of it for that. */
  explain(text: string, signal: AbortSignal): Promise<string>;
  /** All tables and views, in the order of `fullName`: that of their code units, whatever the database takes for order. */
  tables(signal: AbortSignal): Promise<Table[]>;
  /**
   * @param name of the table, with its schema before a dot where there are several
   * @throws {ToolError} `NOT_FOUND`
   */
  table(name: string, signal: AbortSignal): Promise<TableDetails>;
  /** Some rows of a table. @throws {ToolError} `NOT_FOUND` */
  sample(name: string, limits: ReadLimits, signal: AbortSignal): Promise<QueryResult>;
  /** Rejects when the database cannot be used, or the role may do more than read. */
  ping(): Promise<void>;
}

/** Rows as a database gives them, up to the limits. */
export interface RawResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  readonly isComplete: boolean;
}

/** A connection for one call. */
export interface ExplorerConnection {
  /** One query, which may carry values; nothing that is no query begins. */
  read(
    text: string,
    values: readonly string[],
    limits: ReadLimits,
    signal: AbortSignal,
  ): Promise<RawResult>;
  explain(text: string, signal: AbortSignal): Promise<string>;
  close(): void;
}

/** What a kind of database has to provide. */
export interface ExplorerEngine<Connection extends ExplorerConnection = ExplorerConnection> {
  /** A new connection. */
  connect(): Promise<Connection>;
  /** Why the role should not be used by a model: what it could do besides reading. */
  dangers(connection: Connection): Promise<readonly string[]>;
  tables(connection: ExplorerConnection, signal: AbortSignal): Promise<Table[]>;
  details(
    connection: ExplorerConnection,
    table: Table,
    signal: AbortSignal,
  ): Promise<Omit<TableDetails, keyof Table>>;
  /** A name as SQL has it. */
  quote(name: string): string;
  /** An error of the database as one that the caller may see. */
  asToolError(error: unknown): ToolError | undefined;
}

const explorerSettings = {
  /** Each call has a connection of its own; so many of them at once. */
  DATABASE_POOL_SIZE: int(1, 1_000).default(4),
  /** How long one query may take. */
  DATABASE_TIMEOUT_MS: int(1, 600_000).default(10_000),
};

/** The settings of a database that has roles. */
export const roleSettings = {
  /** For a role that may do more than read: the transactions still only read. */
  ALLOW_WRITING_ROLE: bool(false),
};

type ExplorerSettings = SettingsOf<typeof explorerSettings> &
  Partial<SettingsOf<typeof roleSettings>>;

/** A database to explore as a part of a server. */
export function explorerPart<Shape extends SettingsShape>(options: {
  readonly settings: Shape;
  open(config: SettingsOf<Shape>): ExplorerEngine;
}) {
  const settings = { ...explorerSettings, ...options.settings };
  return {
    name: 'datastore',
    settings,
    open(env: PartEnv<typeof settings>): DatabaseExplorer {
      const config = env.config as ExplorerSettings;
      const places = new Places(config.DATABASE_POOL_SIZE);
      countConnections(env.metrics, () => places.counts);
      return new Explorer(options.open(env.config as SettingsOf<Shape>), config, places, env.log);
    },
    check: (explorer: DatabaseExplorer) => explorer.ping(),
  } satisfies Part<typeof settings, DatabaseExplorer>;
}

const CATALOG: ReadLimits = { maxRows: 10_000, maxBytes: 10_000_000 };
const PING_MS = 5_000;

class Explorer implements DatabaseExplorer {
  /** Whether the role is known to do nothing but read. */
  #isChecked = false;

  constructor(
    private readonly engine: ExplorerEngine,
    private readonly config: ExplorerSettings,
    private readonly places: Places,
    private readonly log: PartEnv['log'],
  ) {}

  query(text: string, limits: ReadLimits, signal: AbortSignal): Promise<QueryResult> {
    return this.#during(signal, async (connection, stop) =>
      presented(await connection.read(text, [], limits, stop), limits),
    );
  }

  explain(text: string, signal: AbortSignal): Promise<string> {
    return this.#during(signal, (connection, stop) => connection.explain(text, stop));
  }

  tables(signal: AbortSignal): Promise<Table[]> {
    return this.#during(signal, async (connection, stop) => {
      const tables = await this.engine.tables(connection, stop);
      return tables.sort((a, b) => (fullName(a) < fullName(b) ? -1 : 1));
    });
  }

  table(name: string, signal: AbortSignal): Promise<TableDetails> {
    return this.#during(signal, async (connection, stop) => {
      const table = await this.#find(name, connection, stop);
      return { ...table, ...(await this.engine.details(connection, table, stop)) };
    });
  }

  sample(name: string, limits: ReadLimits, signal: AbortSignal): Promise<QueryResult> {
    return this.#during(signal, async (connection, stop) => {
      const table = await this.#find(name, connection, stop);
      // Of some tables a role may read some columns only.
      const { columns } = await this.engine.details(connection, table, stop);
      const names = columns.map((column) => this.engine.quote(column.name)).join(', ');
      const from = [table.schema, table.name].map((one) => this.engine.quote(one)).join('.');
      const text = `SELECT ${names} FROM ${from} LIMIT ${Math.trunc(limits.maxRows)}`;
      return presented(await connection.read(text, [], limits, stop), limits);
    });
  }

  async ping(): Promise<void> {
    await this.#during(AbortSignal.timeout(PING_MS), async () => {});
  }

  async #find(name: string, connection: ExplorerConnection, signal: AbortSignal): Promise<Table> {
    const tables = await this.engine.tables(connection, signal);
    const exact = tables.filter((table) => fullName(table) === name);
    const found = exact.length > 0 ? exact : tables.filter((table) => table.name === name);
    if (found.length === 1) return found[0] as Table;
    if (found.length > 1) {
      throw new ToolError('NOT_FOUND', 'There are several tables of that name.', {
        suggestions: [`Name the schema, too: ${found.map(fullName).join(', ')}.`],
      });
    }
    throw new ToolError('NOT_FOUND', 'There is no such table here.', {
      suggestions: ['Call list_tables to see their names.'],
    });
  }

  /** A call has a connection of its own, which nothing survives: no setting, no lock, no temporary table. */
  async #during<T>(
    signal: AbortSignal,
    work: (connection: ExplorerConnection, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const limit = AbortSignal.timeout(this.config.DATABASE_TIMEOUT_MS);
    const stop = AbortSignal.any([signal, limit]);
    try {
      return await this.places.within(stop, async () => {
        const connection = await orAborted(this.engine.connect(), stop, (late) => late.close());
        try {
          await orAborted(this.#checkRole(connection), stop);
          return await orAborted(work(connection, stop), stop);
        } finally {
          connection.close();
        }
      });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (limit.aborted) throw tooSlow(error);
      const shown = error instanceof ToolError ? error : this.engine.asToolError(error);
      if (shown === undefined) throw error;
      if (shown.code.startsWith('STORE_')) {
        this.log.error({ err: shown.cause ?? error }, shown.message);
      }
      throw shown;
    }
  }

  async #checkRole(connection: ExplorerConnection): Promise<void> {
    if (this.#isChecked) return;
    const dangers = await this.engine.dangers(connection);
    if (dangers.length > 0) {
      const found = `The role of DATABASE_URL may do more than read: ${dangers.join('; ')}.`;
      if (!this.config.ALLOW_WRITING_ROLE) {
        const advice = 'Give it a role that only reads (docs/database.md)';
        throw unavailable(new Error(`${found} ${advice}, or set ALLOW_WRITING_ROLE=true.`));
      }
      this.log.warn(`${found} It is used because of ALLOW_WRITING_ROLE=true.`);
    }
    this.#isChecked = true;
  }
}

/** Rows as JSON has them, as many as fit. */
function presented(
  { columns, rows, isComplete }: RawResult,
  { maxRows, maxBytes }: ReadLimits,
): QueryResult {
  const shown: Cell[][] = [];
  let bytes = 0;
  for (const row of rows) {
    if (shown.length === maxRows) break;
    const cells = row.map(toCell);
    bytes += Buffer.byteLength(JSON.stringify(cells)) + 1;
    if (bytes > maxBytes) break;
    shown.push(cells);
  }
  if (shown.length === 0 && rows.length > 0) throw rowTooLarge(maxBytes);
  return {
    columns: [...columns],
    rows: shown,
    isComplete: isComplete && shown.length === rows.length,
  };
}

/** What may arrive beyond what is shown: words of the protocol, bytes that are shorter as JSON. */
export const SLACK_BYTES = 1_000_000;

/**
 * Reads from a connection until `signal` is aborted, or more arrives than can be shown: one cell may have a gigabyte.
 * @param giveUp ends the connection at once, and what the database does for it
 */
export function withinBytes<T>(
  stream: NodeJS.EventEmitter,
  { maxBytes }: Pick<ReadLimits, 'maxBytes'>,
  signal: AbortSignal,
  giveUp: () => void,
  work: () => Promise<T>,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let bytes = 0;
    const stop = (reason: unknown) => {
      giveUp();
      reject(reason);
    };
    const count = (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes > 2 * maxBytes + SLACK_BYTES) stop(rowTooLarge(maxBytes));
    };
    const abort = () => stop(signal.reason);
    stream.on('data', count);
    signal.addEventListener('abort', abort, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => {
        stream.off('data', count);
        signal.removeEventListener('abort', abort);
      });
  });
}

/** Not even one row fits. */
function rowTooLarge(maxBytes: number): ToolError {
  return new ToolError('OUTPUT_TOO_LARGE', `One row has more than ${maxBytes} bytes.`, {
    suggestions: [
      'Ask for fewer columns, or for a part of the long ones, for example with substr.',
    ],
  });
}

function toCell(value: unknown): Cell {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  // JSON has no such numbers.
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Array.isArray(value)) return value.map(toCell);
  if (value instanceof ArrayBuffer) return toCell(new Uint8Array(value));
  if (value instanceof Uint8Array) {
    return { bytes: value.length, base64: Buffer.from(value).toString('base64') };
  }
  return (value ?? null) as Cell;
}

function tooSlow(cause: unknown): ToolError {
  return new ToolError('STORE_TIMEOUT', 'The query took too long and was stopped.', {
    cause,
    suggestions: ['Ask for less: filter on indexed columns, or look at explain first.'],
  });
}

/** What the database says of a query that it does not take. */
export function invalidQuery(message: string): ToolError {
  return new ToolError('INVALID_QUERY', message.slice(0, 1_000));
}

/** Reads a result of the catalogue as objects. */
export async function catalog<Row>(
  connection: ExplorerConnection,
  text: string,
  values: readonly string[],
  signal: AbortSignal,
): Promise<Row[]> {
  const { columns, rows } = await connection.read(text, values, CATALOG, signal);
  return rows.map(
    (row) => Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null])) as Row,
  );
}

/** The items that have one key, in the order in which the keys come first. */
export function grouped<T>(items: readonly T[], keyOf: (item: T) => unknown): T[][] {
  const groups = new Map<unknown, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}
