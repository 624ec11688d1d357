import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pg from 'pg';
import type { Logger } from 'pino';
import * as z from 'zod/v4';
import { isNetworkError, ToolError } from '../definitions/errors.js';
import type { Metrics } from '../definitions/metrics.js';
import { PROJECT } from '../host/node/project.js';
import type { Part } from '../parts.js';
import { cancelUntilOver, requestCancel } from './postgres-cancel.js';
import { type Sql, type Store, traced } from './sql.js';

export interface PooledStore extends Store {
  /** How many connections there are, how many of them have nothing to do, and how many callers wait for one. */
  readonly pool: { readonly total: number; readonly idle: number; readonly waiting: number };
}

const settings = {
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).transform(withProjectPaths),
};

/** The PostgreSQL database of `DATABASE_URL`. */
export function postgres() {
  return {
    name: 'datastore',
    settings,
    open({ about, config, log, metrics, tracing }) {
      const store = openStore(config.DATABASE_URL, about.name, log);
      countPool(store, metrics);
      return traced(store, 'postgresql', tracing);
    },
    check: (store) => store.ping(),
    close: (store) => store.close(),
  } satisfies Part<typeof settings, PooledStore>;
}

/** The connections to the database, and who waits for one. */
function countPool(store: PooledStore, metrics: Metrics): void {
  const connections = () => {
    const { total, idle } = store.pool;
    return [
      [{ state: 'used' }, total - idle],
      [{ state: 'idle' }, idle],
    ] as const;
  };
  metrics.gauge('mcp_store_connections', 'Connections to the database.', connections);
  metrics.gauge(
    'mcp_store_waiting',
    'Callers who wait for a connection.',
    () => store.pool.waiting,
  );
}

/** Nothing waits for ever: neither for a connection nor for an answer (milliseconds). */
const TIMEOUTS = {
  connectionTimeoutMillis: 3_000,
  statement_timeout: 10_000,
  query_timeout: 12_000,
  idle_in_transaction_session_timeout: 10_000,
};

/** What has not ended by then, when the server does, is left to the database (milliseconds). */
const CLOSE_MS = 1_000;

/** A pool of connections to the PostgreSQL database of `DATABASE_URL`, migrated on first use. */
export function openStore(url: string, service: string, log: Logger): PooledStore {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: service,
    max: 10,
    ...TIMEOUTS,
  });
  // Without a listener the loss of an idle connection would end the process.
  pool.on('error', (error) => log.warn({ err: error }, 'idle database connection lost'));

  const busy = new Set<pg.PoolClient>();
  pool.on('acquire', (client) => busy.add(client));
  pool.on('release', (_, client) => busy.delete(client));

  let migrated: Promise<void> | undefined;
  const ready = () => {
    migrated ??= migrate(url).catch((error: unknown) => {
      migrated = undefined;
      throw error;
    });
    return migrated;
  };

  const run = async <Row>({ strings, values }: Sql, signal?: AbortSignal): Promise<Row[]> => {
    try {
      await ready();
      const text = strings.reduce((head, tail, index) => `${head}$${index}${tail}`);
      // The extended protocol takes one statement only.
      const query = { text, values: [...values], queryMode: 'extended' };
      return await runOn(await pool.connect(), query, signal);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const shown = asStoreError(error);
      if (shown === undefined) throw error;
      log.error({ err: error }, shown.message);
      throw shown;
    }
  };

  return {
    query: run,
    get pool() {
      return { total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount };
    },
    async ping() {
      await run({ strings: ['SELECT 1'], values: [] });
    },
    async close() {
      const giveUp = setTimeout(() => {
        for (const { connection } of busy) connection.stream.destroy();
      }, CLOSE_MS);
      await pool.end();
      clearTimeout(giveUp);
    },
  };
}

/**
 * Runs a query and gives the connection back once the query has ended. When its caller stops waiting the database is asked to
 * cancel it; until it does, the connection keeps its place in the pool.
 */
async function runOn<Row>(
  client: pg.PoolClient,
  query: pg.QueryConfig,
  signal?: AbortSignal,
): Promise<Row[]> {
  if (signal?.aborted) {
    client.release();
    throw signal.reason;
  }
  client.on('error', ignore);
  const answer = client.query(query);
  let cancelled: Promise<boolean> | undefined;
  const cancel = () => {
    cancelled = cancelUntilOver(client, answer);
  };
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    const { rows } = await answer;
    return rows as Row[];
  } catch (error) {
    // Without an answer of the database the query may still run, on a connection that carries nothing any more.
    if (!(error instanceof pg.DatabaseError)) {
      cancelled = Promise.resolve(cancelled ?? requestCancel(client)).then(() => false);
    }
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
    if (cancelled === undefined) giveBack(client, true);
    else void cancelled.catch(() => false).then((isUsable) => giveBack(client, isUsable));
  }
}

function giveBack(client: pg.PoolClient, isUsable: boolean): void {
  client.off('error', ignore);
  client.release(!isUsable);
}

function ignore(): void {}

const FOLDER = join(PROJECT, 'migrations');
/** Any number that no other program uses for an advisory lock in this database. */
const LOCK = 7_205_759_403;
/** A migration may build an index, or wait for another server's migration (milliseconds). */
const TIMEOUT = 600_000;

/**
 * Applies the files of `migrations/` that this database has not seen, in the order of their names, all or none. Servers that
 * start at the same time wait for each other.
 */
export async function migrate(connectionString: string): Promise<void> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: 3_000,
    // The database gives up first: nothing is left behind there, waiting for a lock.
    statement_timeout: TIMEOUT,
    query_timeout: TIMEOUT + 2_000,
  });
  // A lost connection fails the query under way; without a listener it would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    await client.query('CREATE TABLE IF NOT EXISTS mcp_migrations (name text PRIMARY KEY)');
    const { rows } = await client.query<{ name: string }>('SELECT name FROM mcp_migrations');
    const seen = new Set(rows.map(({ name }) => name));
    for (const name of migrationFiles().filter((file) => !seen.has(file))) {
      await client.query(readFileSync(join(FOLDER, name), 'utf8'));
      await client.query('INSERT INTO mcp_migrations (name) VALUES ($1)', [name]);
    }
    await client.query('COMMIT');
  } finally {
    // What is not committed rolls back when the connection ends.
    await client.end();
  }
}

function migrationFiles(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.sql'))
    .sort();
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
  [/^(08|28|3D|53|57P|25006)/, 'STORE_UNAVAILABLE', 'The database is not available.'],
  // Two transactions at once, a lock that was not free.
  [/^(40|55P03)/, 'STORE_BUSY', 'Someone else is changing the same data.'],
  [/^57014/, 'STORE_TIMEOUT', 'The database needed too long for this.'],
];
/** A text with a character that the database's encoding, or its JSON, does not have. */
const NOT_STORABLE = /^22(021|P05)/;
/** The driver's own errors have no state. */
const CONNECTION_LOST = /timeout|terminated|Connection ended/i;

/** An error of the database as one that the caller may see, or `undefined`. */
export function asStoreError(error: unknown): ToolError | undefined {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const isLost = code === undefined && CONNECTION_LOST.test(String(message));
  const state = isLost || isNetworkError(error) || code === 'ENOENT' ? '08' : String(code);
  if (NOT_STORABLE.test(state)) {
    return new ToolError('INVALID_INPUT', 'A text contains a character that cannot be stored.');
  }
  const [, name, text] = STATES.find(([pattern]) => pattern.test(state)) ?? [];
  if (name === undefined) return undefined;
  return new ToolError(name, `${text} Try again later.`, { retryable: true });
}
