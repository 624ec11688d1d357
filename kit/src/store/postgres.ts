import pg from 'pg';
import { about } from '../about.js';
import type { Config } from '../settings.js';
import type { Logger } from '../telemetry/logger.js';
import { migrate } from './postgres-migrate.js';
import type { Sql } from './sql.js';
import { asStoreError } from './postgres-error.js';

export interface Store {
  /**
   * Runs one statement and returns its rows.
   * @throws {ToolError} `STORE_UNAVAILABLE`, `STORE_BUSY` or `STORE_TIMEOUT` when it may work later.
   */
  query<Row>(statement: Sql, signal?: AbortSignal): Promise<Row[]>;
  /** Rejects when the database cannot be used. */
  ping(): Promise<void>;
  {{> store/members}}
  close(): Promise<void>;
}

/** Nothing waits for ever: neither for a connection nor for an answer (milliseconds). */
const TIMEOUTS = {
  connectionTimeoutMillis: 3_000,
  statement_timeout: 10_000,
  query_timeout: 12_000,
  idle_in_transaction_session_timeout: 10_000,
};

/** A pool of connections to the PostgreSQL database of `DATABASE_URL`, migrated on first use. */
export function openStore({ DATABASE_URL }: Config, log: Logger): Store {
  const pool = new pg.Pool({
    connectionString: DATABASE_URL,
    application_name: about.name,
    max: 10,
    ...TIMEOUTS,
  });
  // Without a listener the loss of an idle connection would end the process.
  pool.on('error', (error) => log.warn({ err: error }, 'idle database connection lost'));

  let migrated: Promise<void> | undefined;
  const ready = async () => {
    migrated ??= migrate(DATABASE_URL);
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
    {{> store/values}}
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
