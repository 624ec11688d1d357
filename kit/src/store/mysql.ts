import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { resolve } from 'node:path';
import type { PoolConnection as RawConnection } from 'mysql2';
import driver from 'mysql2/promise';
import type { Logger } from 'pino';
import * as z from 'zod/v4';
import { isNetworkError, type Metrics, ToolError } from '../definitions/definitions.js';
import type { SettingsOf } from '../definitions/settings.js';
import { PROJECT } from '../host/node/project.js';
import type { MigrationDatabase } from './migrations.js';
import { countConnections, endPool, poolSettings, stopUntilOver } from './pool.js';
import {
  alreadyExists,
  orAborted,
  refuseLostColumns,
  type SqlConnection,
  type SqlEngine,
  type SqlResult,
  sqlPart,
  unavailable,
} from './sql.js';
import { MYSQL } from './sql-text.js';
import { type Sql, SqlArray, SqlJson, type SqlValue } from './statement.js';

/** An address of MySQL or MariaDB, as the options of a connection. */
export const mysqlUrl = z.url({ protocol: /^(mysql|mariadb)$/ }).transform((url, context) => {
  try {
    return connectionOptions(url);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
});

const settings = { ...poolSettings, DATABASE_URL: mysqlUrl };

type Config = SettingsOf<typeof settings>;

/** The MySQL or MariaDB database of `DATABASE_URL`. */
export function mysql() {
  return sqlPart({
    settings,
    open: (config, { log, metrics }) => openEngine(config, log, metrics),
    openMigrations: ({ DATABASE_URL }) => openMigrations(DATABASE_URL),
  });
}

/** Nothing waits for ever: neither for a connection nor for an answer (milliseconds). */
const CONNECT_MS = 3_000;
/** How long the first statements of a connection may take (milliseconds). */
export const SETUP_MS = 5_000;
/** How long one request to stop a statement may take (milliseconds). */
const KILL_MS = 2_000;
/** A statement that goes on so much longer costs its connection (milliseconds). */
const STOP_MS = 5_000;

/**
 * The session speaks the SQL of other databases: names in double quotes, `||` for texts, no backslashes in texts, times in
 * UTC, and no value is cut or changed to fit its column. A lock is waited for five seconds.
 */
export const SESSION = `SET SESSION
  sql_mode = 'TRADITIONAL,ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,ONLY_FULL_GROUP_BY',
  time_zone = '+00:00', innodb_lock_wait_timeout = 5`;

/** A pool of connections to the database, migrated on first use. */
function openEngine(config: Config, log: Logger, metrics: Metrics): SqlEngine {
  const limit = config.DATABASE_POOL_SIZE;
  const pool = driver.createPool({
    ...config.DATABASE_URL,
    connectionLimit: limit,
    maxIdle: limit,
    // The server keeps a limited number of them for all its clients.
    maxPreparedStatements: 100,
  });
  pool.pool.on('connection', prepareSession);

  const busy = new Set<driver.PoolConnection>();
  let waiting = 0;
  countConnections(metrics, () => ({ used: busy.size, idle: idleOf(pool), waiting }));

  return {
    system: 'mysql',
    async connect(signal) {
      waiting += 1;
      const connecting = orAborted(withinTime(pool.getConnection()), signal, (late) =>
        late.release(),
      );
      const connection = await connecting.finally(() => {
        waiting -= 1;
      });
      busy.add(connection);
      return new MysqlConnection(connection, config, log, (isUsable) => {
        busy.delete(connection);
        if (isUsable) connection.release();
        else breakOff(connection);
      });
    },
    begin: ({ isolation, readOnly }) => [
      ...(isolation ? [`SET TRANSACTION ISOLATION LEVEL ${isolation.toUpperCase()}`] : []),
      `START TRANSACTION${readOnly ? ' READ ONLY' : ''}`,
    ],
    asStoreError,
    close: () =>
      endPool(
        () => pool.end(),
        () => {
          for (const connection of busy) breakOff(connection);
        },
      ),
  };
}

/** A connection of the pool. When a caller stops waiting the database is asked to stop the statement. */
class MysqlConnection implements SqlConnection {
  /** What still has to happen before the next statement: whether the connection is usable then. */
  #settled: boolean | Promise<boolean> = true;

  constructor(
    private readonly connection: driver.PoolConnection,
    private readonly config: Config,
    private readonly log: Logger,
    private readonly done: (isUsable: boolean) => void,
  ) {}

  async run(statement: Sql, signal?: AbortSignal): Promise<SqlResult> {
    return await this.#stoppable(signal, async () => {
      const sql = statement.strings.join('?');
      const [answer, fields] =
        statement.values.length === 0
          ? await this.connection.query(sql)
          : await this.connection.execute(sql, statement.values.map(encode));
      if (!Array.isArray(answer)) return { rows: [], affected: answer.affectedRows };
      return { rows: decodeRows(answer as Row[], fields), affected: 0 };
    });
  }

  async *batches(query: Sql, batch: number, signal?: AbortSignal): AsyncIterable<Row[]> {
    signal?.throwIfAborted();
    // The callbacks of the driver, because its promises have no streams.
    const { connection } = this.connection as unknown as { connection: Streaming };
    const command = connection.execute(query.strings.join('?'), query.values.map(encode));
    let fields: driver.FieldPacket[] = [];
    command.on('fields', (these: driver.FieldPacket[]) => {
      fields = these;
    });
    const rows = command.stream({ highWaterMark: batch });
    const ended = new Promise<void>((resolve) => {
      rows.once('end', resolve).once('close', resolve);
    });
    const stop = (reason: unknown) => {
      if (this.#settled === true) this.#settled = this.#killUntilOver(ended);
      rows.destroy(reason);
    };
    const abort = () => stop(signal?.reason);
    // Nobody tells a stream that its connection is lost.
    const lose = () => rows.destroy(unavailable());
    let timer: NodeJS.Timeout | undefined;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => stop(timeout(undefined)), this.config.DATABASE_TIMEOUT_MS);
    };
    signal?.addEventListener('abort', abort, { once: true });
    connection.stream.once('close', lose);
    try {
      wait();
      let piece: Row[] = [];
      for await (const row of rows) {
        piece.push(row as unknown as Row);
        if (piece.length < batch) continue;
        clearTimeout(timer);
        yield decodeRows(piece, fields);
        wait();
        piece = [];
      }
      if (piece.length > 0) yield decodeRows(piece, fields);
    } finally {
      clearTimeout(timer);
      connection.stream.off('close', lose);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Until the database has ended the statement, the connection keeps its place in the pool. */
  release(isUsable: boolean): void {
    if (typeof this.#settled === 'boolean') this.done(isUsable && this.#settled);
    else void this.#settled.then((isSettled) => this.done(isUsable && isSettled));
  }

  async #stoppable<T>(signal: AbortSignal | undefined, start: () => Promise<T>): Promise<T> {
    if ((await this.#settled) === false) throw unavailable();
    signal?.throwIfAborted();
    let isLate = false;
    const answer = start();
    const stop = () => {
      if (this.#settled === true) this.#settled = this.#killUntilOver(answer);
    };
    const timer = setTimeout(() => {
      isLate = true;
      stop();
    }, this.config.DATABASE_TIMEOUT_MS);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      return await answer;
    } catch (error) {
      const { fatal, errno } = error as { fatal?: boolean; errno?: number };
      // The server closes the connection after a packet that is too large.
      if (fatal || errno === TOO_LARGE) this.#settled = false;
      throw isLate ? timeout(error) : error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    }
  }

  /**
   * Has the database stop the statement, over a connection of its own.
   * @returns whether the connection is usable afterwards
   */
  async #killUntilOver(statement: Promise<unknown>): Promise<boolean> {
    const deadline = performance.now() + STOP_MS;
    const options = { ...this.config.DATABASE_URL, connectTimeout: KILL_MS };
    let killer: driver.Connection | undefined;
    try {
      return await stopUntilOver(statement, async () => {
        if (performance.now() > deadline) throw new Error('the statement goes on');
        killer ??= await connectTo(options);
        await killer.query({ sql: `KILL QUERY ${this.connection.threadId}`, timeout: KILL_MS });
        return true;
      });
    } catch (error) {
      this.log.warn({ err: error }, 'a statement could not be stopped at the database');
      // The database does not answer, or its answers do not arrive: without the connection the statement ends for us.
      breakOff(this.connection);
      return false;
    } finally {
      if (killer !== undefined) breakOff(killer);
    }
  }
}

/** A connection beside the pool. */
async function connectTo(options: driver.ConnectionOptions): Promise<driver.Connection> {
  const connection = await driver.createConnection(options);
  // A lost connection fails the statement under way; without a listener it would end the process.
  connection.on('error', () => {});
  return connection;
}

/**
 * Ends a connection at once, and with it what waits for its answers. The driver's own `destroy` waits for the other side, and what waits
 * for an answer then waits for ever.
 */
function breakOff(connection: driver.Connection): void {
  const { connection: own } = connection as unknown as { connection: { stream: Socket } };
  own.stream.destroy();
}

interface Streaming {
  readonly stream: Socket;
  execute(
    sql: string,
    values: unknown[],
  ): NodeJS.EventEmitter & {
    stream(options: {
      highWaterMark: number;
    }): NodeJS.ReadableStream & { destroy(error?: unknown): void };
  };
}

/** The first statement of each connection; the driver sends what follows after it. */
function prepareSession(connection: RawConnection): void {
  // Without a listener the loss of an idle connection would end the process. Whoever uses it next is told.
  connection.on('error', () => {});
  connection.query(SESSION, (error) => {
    if (error) connection.destroy();
  });
}

/** The driver's pool has no gauge of its own. */
function idleOf(pool: driver.Pool): number {
  const { pool: own } = pool as unknown as { pool: { _freeConnections: { length: number } } };
  return own._freeConnections.length;
}

async function withinTime(
  connecting: Promise<driver.PoolConnection>,
): Promise<driver.PoolConnection> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), CONNECT_MS);
  });
  const first = await Promise.race([connecting, late]).finally(() => clearTimeout(timer));
  if (first !== undefined) return first;
  connecting.then(
    (connection) => connection.release(),
    () => {},
  );
  throw unavailable();
}

type Row = Record<string, unknown>;

/** As the driver sends it. */
function encode(value: SqlValue): string | number | bigint | Uint8Array | null {
  if (typeof value === 'boolean') return value ? 1 : 0;
  // A time has no zone here; the session's is UTC.
  if (value instanceof Date) return value.toISOString().slice(0, -1).replace('T', ' ');
  if (value instanceof SqlJson) return value.text;
  if (value instanceof SqlArray) {
    throw new TypeError('MySQL has no arrays. Use sql.in for IN, or sql.json to keep one.');
  }
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length);
  // The driver sends numbers as floating point, which LIMIT does not take.
  if (typeof value === 'number' && Number.isInteger(value)) return String(value);
  return typeof value === 'bigint' ? String(value) : value;
}

const { TINY, LONGLONG } = driver.Types;

/** Rows with the types that other databases have: booleans, and whole numbers that are exact. */
function decodeRows(rows: readonly Row[], fields: readonly driver.FieldPacket[]): Row[] {
  refuseLostColumns(rows, fields);
  const decoders = fields.flatMap(({ name, columnType, columnLength }) => {
    if (columnType === TINY && columnLength === 1) return [[name, toBoolean] as const];
    return columnType === LONGLONG ? [[name, toInteger] as const] : [];
  });
  if (decoders.length > 0) {
    for (const row of rows) for (const [name, decode] of decoders) row[name] = decode(row[name]);
  }
  return rows as Row[];
}

const toBoolean = (value: unknown) => (typeof value === 'number' ? value !== 0 : value);
/** The driver gives those that a `number` does not hold as text. */
const toInteger = (value: unknown) => (typeof value === 'string' ? BigInt(value) : value);

const SSL_FILES = { 'ssl-ca': 'ca', 'ssl-cert': 'cert', 'ssl-key': 'key' } as const;

/**
 * What a URL says: `mysql://user:password@host:3306/database?ssl-mode=VERIFY_IDENTITY&ssl-ca=certs/ca.pem`. Its parameters are those
 * of the `mysql` program; files are relative to the project.
 * @throws {Error} that names a parameter which is not known, without the password
 * @see https://dev.mysql.com/doc/refman/8.4/en/connection-options.html
 */
export function connectionOptions(url: string): driver.ConnectionOptions {
  const { hostname, port, username, password, pathname, searchParams } = new URL(url);
  const database = decodeURIComponent(pathname.slice(1));
  if (database === '') throw new Error('names no database: mysql://user:password@host/database');
  const mode = searchParams.get('ssl-mode') ?? 'DISABLED';
  const ssl = sslOptions(mode);
  for (const [name, value] of searchParams) {
    if (name === 'ssl-mode' || name === 'socket') continue;
    const option = SSL_FILES[name as keyof typeof SSL_FILES];
    if (option === undefined) throw new Error(`has a parameter that is not known: ${name}`);
    if (ssl === undefined) throw new Error(`has ${name}, but no ssl-mode that uses it`);
    ssl[option] = readFileSync(resolve(PROJECT, value), 'utf8');
  }
  const socketPath = searchParams.get('socket');
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 3306),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database,
    ...(socketPath !== null && { socketPath }),
    ...(ssl && { ssl }),
    connectTimeout: CONNECT_MS,
    charset: 'utf8mb4_unicode_ci',
    timezone: 'Z',
    // A day has no time zone, so it stays text.
    dateStrings: ['DATE'],
    supportBigNumbers: true,
    // A server that was taken over could ask for the files of this one.
    flags: ['-LOCAL_FILES'],
  };
}

function sslOptions(
  mode: string,
): (driver.SslOptions & { ca?: string; cert?: string; key?: string }) | undefined {
  switch (mode) {
    case 'DISABLED':
      return undefined;
    case 'REQUIRED':
      return { rejectUnauthorized: false };
    case 'VERIFY_CA':
      return { rejectUnauthorized: true, verifyIdentity: false };
    case 'VERIFY_IDENTITY':
      return { rejectUnauthorized: true, verifyIdentity: true };
    default:
      throw new Error('ssl-mode must be DISABLED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY');
  }
}

/** A migration may build an index, or wait for another server's migration (seconds). */
const MIGRATION_S = 600;

/** A connection for migrations. What defines tables is committed at once, so a file that fails half-way leaves a trace. */
async function openMigrations(options: driver.ConnectionOptions): Promise<MigrationDatabase> {
  const connection = await connectTo(options);
  await connection.query({ sql: SESSION, timeout: SETUP_MS });
  return {
    dialect: MYSQL,
    undoesDefinitions: false,
    table: `CREATE TABLE IF NOT EXISTS mcp_migrations
      (name VARCHAR(255) PRIMARY KEY, checksum CHAR(64) NOT NULL, state VARCHAR(10) NOT NULL,
       applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)`,
    isNoTable: (error) => (error as { errno?: unknown }).errno === 1146,
    begin: ['START TRANSACTION'],
    async lock() {
      // Of this database: the names of locks are the server's.
      const name = `CONCAT('mcp_migrations ', LEFT(SHA1(DATABASE()), 30))`;
      const [rows] = await connection.query(`SELECT GET_LOCK(${name}, ${MIGRATION_S}) AS isHeld`);
      if ((rows as Row[])[0]?.isHeld !== 1) throw new Error('another process applies migrations');
    },
    async run(text) {
      await connection.query(text);
    },
    async query(text) {
      return (await connection.query(text))[0] as Row[];
    },
    lineOf(error) {
      const line = /at line (\d+)$/.exec((error as Error).message)?.[1];
      return Number(line ?? 1) - 1;
    },
    // Its lock goes with it.
    close: () => connection.end(),
  };
}

/**
 * What the caller may know, by the server's number of the error. Every other number means that the statement is wrong, and stays
 * inside.
 * @see https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html
 */
const NUMBERS: readonly [readonly number[], string, string][] = [
  // Full, no access, no such database, shutting down, too many connections, killed, read-only.
  [
    [
      ...[1021, 1040, 1041, 1044, 1045, 1049, 1053, 1114, 1142, 1143, 1203, 1226, 1290, 1698, 1836],
      // A locked account: MySQL's number, and MariaDB's.
      ...[1927, 3118, 3159, 4151],
    ],
    'STORE_UNAVAILABLE',
    'The database is not available.',
  ],
  // A lock that was not free, two transactions at once.
  [[1205, 1213, 3572], 'STORE_BUSY', 'Someone else is changing the same data.'],
  [[1317, 1969, 3024], 'STORE_TIMEOUT', 'The database needed too long for this.'],
];
/** A value that has to be unique is there already. */
const DUPLICATE = [1062, 1586];
/** A value that its column cannot hold: among others a text with a character that its character set does not have. */
const WRONG_VALUE = 1366;
/** A statement with more bytes than `max_allowed_packet`. */
const TOO_LARGE = 1153;
/** The driver's own errors have no number. */
const CONNECTION_LOST = /closed state|Connection lost|Pool is closed/i;

/** An error of the database as one that the caller may see, or `undefined`. */
export function asStoreError(error: unknown): ToolError | undefined {
  const { errno, code, message } = error as { errno?: number; code?: unknown; message?: unknown };
  const isLost =
    code === 'PROTOCOL_CONNECTION_LOST' ||
    code === 'HANDSHAKE_SSL_ERROR' ||
    code === 'ENOENT' ||
    CONNECTION_LOST.test(String(message));
  if (isLost || isNetworkError(error)) return unavailable(error);
  if (DUPLICATE.includes(Number(errno))) return alreadyExists(error);
  if (errno === TOO_LARGE) {
    return new ToolError('INVALID_INPUT', 'A value is larger than the database takes.');
  }
  if (errno === WRONG_VALUE && /Incorrect string value/.test(String(message))) {
    return new ToolError('INVALID_INPUT', 'A text contains a character that cannot be stored.');
  }
  const [, name, text] = NUMBERS.find(([numbers]) => numbers.includes(Number(errno))) ?? [];
  if (name === undefined) return undefined;
  return new ToolError(name, `${text} Try again later.`, { retryable: true, cause: error });
}

function timeout(cause: unknown): ToolError {
  return new ToolError('STORE_TIMEOUT', 'The database needed too long for this. Try again later.', {
    retryable: true,
    cause,
  });
}
