import pg from 'pg';
import type { Logger } from 'pino';
import * as z from 'zod/v4';
import type { Metrics } from '../definitions/metrics.js';
import type { Part } from '../parts.js';
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

  let migrated: Promise<void> | undefined;
  const ready = async () => {
    migrated ??= migrate(url);
    await migrated.catch((error: unknown) => {
      migrated = undefined;
      throw error;
    });
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
      await pool.end();
    },
  };
}

/**
 * Runs a query and gives the connection back. When the caller stops waiting the connection is dropped; the database notices at
 * the statement's timeout at the latest.
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
  const drop = () => client.release(true);
  const ignore = () => {};
  client.on('error', ignore);
  signal?.addEventListener('abort', drop, { once: true });
  // Whatever is not an answer of the database may mean that this connection carries nothing any more.
  let lost = true;
  try {
    const { rows } = await client.query(query);
    lost = false;
    return rows as Row[];
  } catch (error) {
    lost = !(error instanceof pg.DatabaseError);
    throw error;
  } finally {
    signal?.removeEventListener('abort', drop);
    client.off('error', ignore);
    if (!signal?.aborted) client.release(lost);
  }
}
