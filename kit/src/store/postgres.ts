import { isIP, type Socket } from 'node:net';
import { resolve } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
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
import { POSTGRES } from './sql-text.js';
import { rawSql, type Sql, SqlArray, SqlJson, type SqlValue } from './statement.js';

/** An address of PostgreSQL, with the paths of its files. */
export const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ }).transform(withProjectPaths);

const settings = { ...poolSettings, DATABASE_URL: postgresUrl };

type Config = SettingsOf<typeof settings>;

/** The PostgreSQL database of `DATABASE_URL`. */
export function postgres() {
  return sqlPart({
    settings,
    open: (config, { about, log, metrics }) => openEngine(config, about.name, log, metrics),
    openMigrations: ({ DATABASE_URL }) => openMigrations(DATABASE_URL),
  });
}

/** Nothing waits for ever: neither for a connection nor for an answer (milliseconds). */
const CONNECT_MS = 3_000;
/** How much longer than the database the driver waits, so that it is the database that gives up. */
const ANSWER_MS = 2_000;

/** A pool of connections to the PostgreSQL database of `DATABASE_URL`, migrated on first use. */
function openEngine(config: Config, service: string, log: Logger, metrics: Metrics): SqlEngine {
  const statementMs = config.DATABASE_TIMEOUT_MS;
  const pool = new pg.Pool({
    connectionString: config.DATABASE_URL,
    application_name: service,
    max: config.DATABASE_POOL_SIZE,
    types: { getTypeParser },
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: statementMs,
    query_timeout: statementMs + ANSWER_MS,
    idle_in_transaction_session_timeout: statementMs,
  });
  // Without a listener the loss of an idle connection would end the process.
  pool.on('error', (error) => log.warn({ err: error }, 'idle database connection lost'));

  const busy = new Set<pg.PoolClient>();
  pool.on('acquire', (client) => busy.add(client));
  pool.on('release', (_, client) => busy.delete(client));

  countConnections(metrics, () => ({
    used: pool.totalCount - pool.idleCount,
    idle: pool.idleCount,
    waiting: pool.waitingCount,
  }));

  return {
    system: 'postgresql',
    async connect(signal) {
      const client = await orAborted(pool.connect(), signal, (late) => late.release());
      return new PostgresConnection(client);
    },
    begin: ({ isolation, readOnly }) => [
      `BEGIN${isolation ? ` ISOLATION LEVEL ${isolation.toUpperCase()}` : ''}${readOnly ? ' READ ONLY' : ''}`,
    ],
    asStoreError,
    close: () =>
      endPool(
        () => pool.end(),
        () => {
          for (const { connection } of busy) connection.stream.destroy();
        },
      ),
  };
}

/** A connection of the pool. When a caller stops waiting the database is asked to cancel the statement. */
class PostgresConnection implements SqlConnection {
  /** What still has to happen before the next statement: whether the connection is usable then. */
  #settled: boolean | Promise<boolean> = true;

  constructor(private readonly client: pg.PoolClient) {
    client.on('error', ignore);
  }

  async run({ strings, values }: Sql, signal?: AbortSignal): Promise<SqlResult> {
    if ((await this.#settled) === false) throw unavailable();
    signal?.throwIfAborted();
    const text = strings.reduce((head, tail, index) => `${head}$${index}${tail}`);
    // The extended protocol takes one statement only.
    const query: pg.QueryConfig & { queryMode: 'extended' } = {
      text,
      values: values.map(encode),
      queryMode: 'extended',
    };
    const answer = this.client.query<object>(query);
    const cancel = () => {
      this.#settled = stopUntilOver(answer, () => requestCancel(this.client)).catch(() => false);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    const { rows, fields, rowCount, command } = await answer
      .catch((error: unknown) => {
        // Without an answer of the database the query may still run, on a connection that carries nothing any more.
        if (!(error instanceof pg.DatabaseError)) {
          const cancelled = this.#settled === true ? requestCancel(this.client) : this.#settled;
          this.#settled = Promise.resolve(cancelled).then(() => false);
        }
        throw error;
      })
      .finally(() => signal?.removeEventListener('abort', cancel));
    refuseLostColumns(rows, fields);
    if (text === 'COMMIT' && command === 'ROLLBACK') {
      throw new Error(
        'A statement of the transaction has failed, so PostgreSQL has saved nothing of it. What may fail needs a transaction of its own within it.',
      );
    }
    return { rows, affected: rowCount ?? 0 };
  }

  /** A cursor of the server, in a transaction that only reads. */
  async *batches(query: Sql, batch: number, signal?: AbortSignal): AsyncIterable<unknown[]> {
    const run = (text: string) => this.run(rawSql(text), signal);
    await run('BEGIN READ ONLY');
    const [first = '', ...rest] = query.strings;
    const strings = [`DECLARE rows NO SCROLL CURSOR FOR ${first}`, ...rest];
    await this.run({ strings, values: query.values }, signal);
    for (;;) {
      const { rows } = await run(`FETCH ${batch} FROM rows`);
      if (rows.length > 0) yield [...rows];
      if (rows.length < batch) break;
    }
    await run('COMMIT');
  }

  /** Until the database has ended the statement, the connection keeps its place in the pool. */
  release(isUsable: boolean): void {
    const giveBack = (isSettled: boolean) => {
      this.client.off('error', ignore);
      this.client.release(!(isUsable && isSettled));
    };
    if (typeof this.#settled === 'boolean') giveBack(this.#settled);
    else void this.#settled.then(giveBack);
  }
}

function ignore(): void {}

/** As the driver sends it. */
function encode(value: SqlValue): unknown {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof SqlJson) return value.text;
  if (value instanceof SqlArray) return value.items;
  return value;
}

const { DATE, INT8, TIMESTAMP, TIMESTAMPTZ } = pg.types.builtins;

/**
 * How values are read. Whole numbers of 64 bits, which the driver leaves as text, are a `number` where that holds them exactly; a time
 * without a zone is in UTC, and a day stays text, because it has no time.
 */
export const getTypeParser: typeof pg.types.getTypeParser = (
  oid: number,
  format?: 'text' | 'binary',
) => {
  if (format !== 'binary') {
    if (oid === INT8) return toInteger as never;
    if (oid === TIMESTAMP) return toTime as never;
    if (oid === DATE) return String as never;
    if (oid === TIMESTAMPTZ) return toInstant as never;
  }
  return pg.types.getTypeParser(oid as never, format as never);
};

function toInteger(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/** `infinity`, and years that a Date cannot hold, stay text. */
function toInstant(text: string): Date | string {
  const time: unknown = pg.types.getTypeParser(TIMESTAMPTZ)(text);
  return time instanceof Date && !Number.isNaN(time.getTime()) ? time : text;
}

function toTime(text: string): Date | string {
  const time = new Date(`${text.replace(' ', 'T')}Z`);
  // `infinity`, and years before Christ.
  return Number.isNaN(time.getTime()) ? text : time;
}

/** Any number that no other program uses for an advisory lock in this database. */
const LOCK = 7_205_759_403;
/** A migration may build an index, or wait for another server's migration (milliseconds). */
const TIMEOUT = 600_000;

/** A connection for migrations. */
async function openMigrations(connectionString: string): Promise<MigrationDatabase> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: CONNECT_MS,
    // The database gives up first: nothing is left behind there, waiting for a lock.
    statement_timeout: TIMEOUT,
    query_timeout: TIMEOUT + ANSWER_MS,
  });
  // A lost connection fails the query under way; without a listener it would end the process.
  client.on('error', () => {});
  await client.connect();
  return {
    dialect: POSTGRES,
    undoesDefinitions: true,
    table: `CREATE TABLE IF NOT EXISTS mcp_migrations
      (name text PRIMARY KEY, checksum text NOT NULL, state text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
    reset: 'RESET search_path',
    isNoTable: (error) => (error as { code?: unknown }).code === '42P01',
    begin: ['BEGIN', `SELECT pg_advisory_xact_lock(${LOCK})`],
    async run(text) {
      await client.query(text);
    },
    async query(text) {
      return (await client.query<Record<string, unknown>>(text)).rows;
    },
    lineOf(error, statement) {
      const { position } = error as { position?: string };
      return statement.slice(0, Number(position ?? 1) - 1).split('\n').length - 1;
    },
    // What is not committed rolls back when the connection ends.
    close: () => client.end(),
  };
}

const FILES = /(?<=[?&]ssl(?:rootcert|cert|key)=)[^&#]+/g;

/** A connection string whose certificates and keys are found wherever the process was started: relative to the project. */
export function withProjectPaths(url: string): string {
  return url.replace(FILES, (path) => {
    const decoded = new URLSearchParams(`path=${path}`).get('path') ?? path;
    return encodeURIComponent(resolve(PROJECT, decoded));
  });
}

/**
 * What the caller may know, by SQLSTATE. Every other state means that the statement is wrong, and stays inside.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const STATES: readonly [RegExp, string, string][] = [
  // Not reachable, no access, no such database, no resources, shutting down, a replica that was the primary.
  [/^(08(?!P01)|28|3D|53|57P|25006)/, 'STORE_UNAVAILABLE', 'The database is not available.'],
  // Two transactions at once, a lock that was not free.
  [/^(40|55P03)/, 'STORE_BUSY', 'Someone else is changing the same data.'],
  [/^57014/, 'STORE_TIMEOUT', 'The database needed too long for this.'],
];
/** A text with a character that the database's encoding, or its JSON, does not have. */
const NOT_STORABLE = /^22(021|P05)/;
/** A value that has to be unique is there already. */
const DUPLICATE = '23505';
/** The driver's own errors have no state. */
const CONNECTION_LOST = /timeout|terminated|Connection ended|not queryable|after calling end/i;

/** An error of the database as one that the caller may see, or `undefined`. */
export function asStoreError(error: unknown): ToolError | undefined {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const isLost = code === undefined && CONNECTION_LOST.test(String(message));
  const state = isLost || isNetworkError(error) || code === 'ENOENT' ? '08' : String(code);
  if (NOT_STORABLE.test(state)) {
    return new ToolError('INVALID_INPUT', 'A text contains a character that cannot be stored.');
  }
  if (state === DUPLICATE) return alreadyExists(error);
  const [, name, text] = STATES.find(([pattern]) => pattern.test(state)) ?? [];
  if (name === undefined) return undefined;
  return new ToolError(name, `${text} Try again later.`, { retryable: true });
}

/** How long a request to cancel may take (milliseconds). */
const REQUEST_MS = 2_000;

/** What the types of `pg` leave out. */
interface Backend {
  readonly processID: number;
  readonly secretKey: number;
  readonly sslNegotiation: string;
  /** Or `false`, or `true` for what Node.js does by default. A key is not enumerable. */
  readonly ssl: ConnectionOptions;
}
interface Messenger extends pg.Connection {
  connect(port: number, host: string): void;
  connect(socketPath: string): void;
  requestSsl(): void;
  cancel(processID: number, secretKey: number): void;
}

/**
 * Sends one request to cancel, over a connection of its own that the database does not count. It goes to the address, and with
 * the encryption, of the connection concerned: behind the host's name may be several servers.
 * @returns whether the server has read it: then it closes the connection.
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
export function requestCancel(client: pg.PoolClient): Promise<boolean> {
  const { processID, secretKey, sslNegotiation, ssl } = client as unknown as Backend;
  const { host, port } = client;
  const { remoteAddress = host, remotePort = port } = client.connection.stream as Socket;
  const tls = ssl && { ...ssl, key: ssl.key, ...nameOf(host) };
  return new Promise((resolve) => {
    const options = { ssl: tls, sslNegotiation } as pg.ConnectionConfig;
    const connection = new pg.Connection(options) as Messenger;
    let isSent = false;
    const send = () => {
      connection.cancel(processID, secretKey);
      isSent = true;
    };
    const finish = (hasArrived: boolean) => {
      clearTimeout(timer);
      connection.stream.destroy();
      resolve(hasArrived);
    };
    const timer = setTimeout(finish, REQUEST_MS, false);
    connection.on('connect', () => {
      if (!tls) send();
      else if (sslNegotiation !== 'direct') connection.requestSsl();
    });
    connection.on('sslconnect', send);
    connection.on('error', () => finish(false));
    connection.once('end', () => finish(isSent));
    if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`);
    else connection.connect(remotePort, remoteAddress);
  });
}

/** Whom the certificate has to be for. */
function nameOf(host: string): { host: string; servername?: string } {
  return isIP(host) ? { host } : { host, servername: host };
}
