import type { Socket } from 'node:net';
import driver from 'mysql2';
import type { ToolError } from '../definitions/definitions.js';
import {
  type Column,
  catalog,
  type ExplorerConnection,
  type ExplorerEngine,
  explorerPart,
  grouped,
  invalidQuery,
  type RawResult,
  type ReadLimits,
  roleSettings,
  SLACK_BYTES,
  type Table,
  type TableDetails,
  withinBytes,
} from './explorer.js';
import { asStoreError, mysqlUrl, SESSION, SETUP_MS } from './mysql.js';

const settings = { ...roleSettings, DATABASE_URL: mysqlUrl };

/** The MySQL or MariaDB database of `DATABASE_URL`, to explore. */
export function mysqlExplorer() {
  return explorerPart({ settings, open: ({ DATABASE_URL }) => new Engine(DATABASE_URL) });
}

/** How long a request to stop a query may take (milliseconds). */
const KILL_MS = 2_000;

class Connection implements ExplorerConnection {
  #isOpen = true;

  constructor(
    private readonly connection: driver.Connection,
    private readonly options: driver.ConnectionOptions,
  ) {}

  /**
   * In parentheses only a query can stand: nothing that writes, no INTO. So the text is prepared there first; alone it then keeps
   * its order, which a query around it does not.
   */
  async read(
    text: string,
    values: readonly string[],
    limits: ReadLimits,
    signal: AbortSignal,
  ): Promise<RawResult> {
    return await this.#stoppable(signal, limits, async () => {
      await this.#begin(text);
      return await this.#stream(text, values, limits.maxRows);
    });
  }

  async explain(text: string, signal: AbortSignal): Promise<string> {
    return await this.#stoppable(signal, { maxBytes: SLACK_BYTES }, async () => {
      await this.#begin(text);
      const { rows } = await this.#stream(`EXPLAIN FORMAT=JSON ${text}`, [], 1_000);
      return rows.map(([line]) => String(line)).join('\n');
    });
  }

  /** The lines of SHOW GRANTS. */
  async grants(): Promise<string[]> {
    const { rows } = await this.#stream('SHOW GRANTS', [], 1_000);
    return rows.map(([line]) => String(line));
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // The driver's own `destroy` waits for the other side.
    this.#socket.destroy();
  }

  get #socket(): Socket {
    return (this.connection as unknown as { stream: Socket }).stream;
  }

  async #begin(text: string): Promise<void> {
    await this.#stream('START TRANSACTION READ ONLY', [], 0);
    await new Promise<void>((resolve, reject) => {
      this.connection.prepare(`SELECT * FROM (${text}\n) AS result`, (error, statement) => {
        if (error) reject(error);
        else {
          statement.close();
          resolve();
        }
      });
    });
  }

  /** Rows until there are enough; then the connection is of no more use. */
  #stream(text: string, values: readonly string[], maxRows: number): Promise<RawResult> {
    return new Promise((resolve, reject) => {
      const rows: unknown[][] = [];
      let columns: string[] = [];
      const options = { sql: text, rowsAsArray: true };
      const command =
        values.length === 0
          ? this.connection.query(options)
          : this.connection.execute(options, [...values]);
      command.on('error', reject);
      command.on('fields', (fields: driver.FieldPacket[]) => {
        columns = (fields ?? []).map(({ name }) => name);
      });
      command.on('result', (row: unknown) => {
        if (!Array.isArray(row) || rows.length > maxRows) return;
        rows.push(row);
        if (rows.length <= maxRows) return;
        this.#giveUp();
        resolve({ columns, rows, isComplete: false });
      });
      command.on('end', () => resolve({ columns, rows, isComplete: true }));
    });
  }

  #stoppable<T>(
    signal: AbortSignal,
    limits: Pick<ReadLimits, 'maxBytes'>,
    work: () => Promise<T>,
  ): Promise<T> {
    return withinBytes(this.#socket, limits, signal, () => this.#giveUp(), work);
  }

  /** The database would go on with a query that nobody reads. */
  #giveUp(): void {
    this.close();
    const killer = driver.createConnection({ ...this.options, connectTimeout: KILL_MS });
    killer.on('error', () => {});
    killer.query({ sql: `KILL ${this.connection.threadId}`, timeout: KILL_MS }, () =>
      killer.destroy(),
    );
  }
}

class Engine implements ExplorerEngine<Connection> {
  constructor(private readonly options: driver.ConnectionOptions) {}

  async connect(): Promise<Connection> {
    // Dates stay as the database has them: some have no day.
    const connection = driver.createConnection({ ...this.options, dateStrings: true });
    // A lost connection fails the query under way; without a listener it would end the process.
    connection.on('error', () => {});
    await new Promise<void>((resolve, reject) => {
      connection.query({ sql: SESSION, timeout: SETUP_MS }, (error) =>
        error ? reject(error) : resolve(),
      );
    });
    return new Connection(connection, this.options);
  }

  async dangers(connection: Connection): Promise<readonly string[]> {
    return (await connection.grants()).flatMap((grant) =>
      dangerOf(grant, this.options.database ?? ''),
    );
  }

  tables(connection: ExplorerConnection, signal: AbortSignal): Promise<Table[]> {
    return catalog<Table>(connection, TABLES, [], signal);
  }

  async details(
    connection: ExplorerConnection,
    { name }: Table,
    signal: AbortSignal,
  ): Promise<Omit<TableDetails, keyof Table>> {
    const read = <Row>(text: string) => catalog<Row>(connection, text, [name], signal);
    const columns = await read<Omit<Column, 'isNullable'> & { isNullable: string }>(COLUMNS);
    const keys = await read<KeyPart>(KEYS);
    const indexes = await read<{ name: string; definition: string }>(INDEXES);
    const foreign = grouped(
      keys.filter(({ foreignName }) => foreignName !== null),
      ({ key }) => key,
    );
    return {
      columns: columns.map((column) => ({ ...column, isNullable: column.isNullable === 'YES' })),
      primaryKey: keys.filter(({ key }) => key === 'PRIMARY').map(({ column }) => column),
      foreignKeys: foreign.map((parts) => ({
        columns: parts.map(({ column }) => column),
        references: {
          schema: parts[0]?.foreignSchema ?? '',
          name: parts[0]?.foreignName ?? '',
          columns: parts.map(({ foreignColumn }) => foreignColumn ?? ''),
        },
      })),
      indexes,
    };
  }

  quote(name: string): string {
    return `"${name.replaceAll('"', '""')}"`;
  }

  asToolError(error: unknown): ToolError | undefined {
    const known = asStoreError(error);
    if (known !== undefined) return known;
    const { errno, message } = error as { errno?: unknown; message: string };
    return typeof errno === 'number' && errno > 0 ? invalidQuery(message) : undefined;
  }
}

interface KeyPart {
  readonly key: string;
  readonly column: string;
  readonly foreignSchema: string | null;
  readonly foreignName: string | null;
  readonly foreignColumn: string | null;
}

const READING = new Set(['USAGE', 'SELECT', 'SHOW VIEW']);

/** What a line of SHOW GRANTS allows besides reading `database`. */
export function dangerOf(grant: string, database: string): string[] {
  const [, what = '', where] = /^GRANT (.+?)(?: ON (.+?))? TO /i.exec(grant) ?? [];
  if (where === undefined) return [`it has the role ${what}, whose rights are its own`];
  const rights = what
    .replace(/\([^)]*\)/g, '')
    .split(',')
    .map((one) => one.trim().toUpperCase());
  const more = rights.filter((one) => !READING.has(one));
  if (/ WITH .*GRANT OPTION/i.test(grant)) more.push('GRANT OPTION');
  const found = more.map((one) => `it has ${one} on ${where}`);
  const [, schema = ''] = /^[`"]?(.+?)[`"]?\./.exec(where) ?? [];
  const isOwn = schema.replace(/\\([_%])/g, '$1') === database;
  if (rights.includes('SELECT') && !isOwn) found.push(`it may read ${where}`);
  return found;
}

const TABLES = `
  SELECT table_schema AS "schema", table_name AS "name",
    CASE table_type WHEN 'VIEW' THEN 'view' ELSE 'table' END AS "kind",
    table_rows AS "estimatedRows", NULLIF(table_comment, '') AS "comment"
  FROM information_schema.tables
  WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'VIEW') ORDER BY table_name`;

const COLUMNS = `
  SELECT column_name AS "name", column_type AS "type", is_nullable AS "isNullable", column_default AS "default",
    NULLIF(column_comment, '') AS "comment"
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position`;

const KEYS = `
  SELECT constraint_name AS "key", column_name AS "column", referenced_table_schema AS "foreignSchema",
    referenced_table_name AS "foreignName", referenced_column_name AS "foreignColumn"
  FROM information_schema.key_column_usage
  WHERE table_schema = DATABASE() AND table_name = ? ORDER BY constraint_name, ordinal_position`;

const INDEXES = `
  SELECT index_name AS "name",
    CONCAT(CASE MIN(non_unique) WHEN 0 THEN 'unique ' ELSE '' END, '(',
      GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ', '), ')') AS "definition"
  FROM information_schema.statistics
  WHERE table_schema = DATABASE() AND table_name = ? AND index_name <> 'PRIMARY' GROUP BY index_name ORDER BY index_name`;
