import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config } from '../config.js';
import type { Logger } from '../observability/logger.js';
import { ToolError } from '../pipeline/errors.js';
import { PROJECT } from '../project.js';
import { Connection } from './connection.js';
import { Database } from './libsql.js';
import { whenUnlocked } from './locks.js';
import { migrate } from './migrate.js';
import type { Sql } from './sql.js';
import { asStoreError } from './store-error.js';

export interface Store {
  /**
   * Runs one statement and returns its rows.
   * @throws {ToolError} `STORE_UNAVAILABLE` or `STORE_BUSY` when it may work later.
   */
  query<Row>(statement: Sql, signal?: AbortSignal): Promise<Row[]>;
  /** Rejects when the database cannot be used. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The SQLite database of `DATABASE_URL`, opened and migrated on first use. Queries run off the event loop, one after
 * the other.
 */
export function openStore(config: Config, log: Logger): Store {
  let opening: Promise<Connection> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const open = () => {
    opening ??= connect(config.DATABASE_URL).catch((error: unknown) => {
      opening = undefined;
      log.error({ err: error }, 'database not available');
      throw asStoreError(error) ?? unavailable();
    });
    return opening;
  };

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };

  return {
    async query<Row>({ strings, values }: Sql, signal?: AbortSignal) {
      const connection = await open();
      const text = strings.join('?');
      // While one waits for a lock, it is the turn of others.
      const run = () => inTurn(() => connection.all(text, values, signal));
      try {
        return (await whenUnlocked(run, signal)) as Row[];
      } catch (error) {
        const shown = asStoreError(error);
        if (shown === undefined) throw error;
        log.error({ err: error }, shown.message);
        throw shown;
      }
    },
    async ping() {
      await open();
    },
    async close() {
      const connection = await opening?.catch(() => undefined);
      await last;
      connection?.close();
    },
  };
}

async function connect(url: string): Promise<Connection> {
  const path = resolve(PROJECT, url.slice('file:'.length));
  mkdirSync(dirname(path), { recursive: true });
  const setup = new Database(path, {});
  try {
    await whenUnlocked(() => setup.exec('PRAGMA journal_mode = WAL'));
    await migrate(setup);
  } finally {
    setup.close();
  }
  const database = new Database(path, {});
  await database.exec('PRAGMA foreign_keys = ON');
  return new Connection(database);
}

function unavailable(): ToolError {
  return new ToolError('STORE_UNAVAILABLE', 'The database is not available. Try again later.', {
    retryable: true,
  });
}
