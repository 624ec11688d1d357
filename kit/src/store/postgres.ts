import pg from 'pg';
import type { Logger } from 'pino';
import * as z from 'zod/v4';
import type { Metrics } from '../definitions/metrics.js';
import type { Part } from '../parts.js';
import { cancelUntilOver, requestCancel } from './postgres-cancel.js';
import { asStoreError } from './postgres-error.js';
import { migrate } from './postgres-migrate.js';
import { withProjectPaths } from './postgres-url.js';
import type { Sql, Store } from './sql.js';
import { traced } from './traced.js';

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
