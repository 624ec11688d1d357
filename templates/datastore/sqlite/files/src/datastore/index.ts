import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'libsql/promise';
import type { Config } from '../config.js';
import type { Logger } from '../observability/logger.js';
import { ToolError } from '../pipeline/errors.js';
import { migrate } from './migrate.js';
import type { Sql } from './sql.js';

export interface Store {
  /**
   * Runs one statement and returns its rows.
   * @throws {ToolError} `STORE_UNAVAILABLE` when the database cannot be opened.
   */
  query<Row>(statement: Sql, signal?: AbortSignal): Promise<Row[]>;
  /** Rejects when the database cannot be used. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The SQLite database of `DATABASE_URL`, opened and migrated on first use. Queries run off the event loop, one after
 * the other.
 */
export function openStore(config: Config, log: Logger): Store {
  let opening: Promise<Database> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const open = () => {
    opening ??= connect(config.DATABASE_URL).catch((error: unknown) => {
      opening = undefined;
      log.error({ err: error }, 'database not available');
      throw new ToolError('STORE_UNAVAILABLE', 'The database is not available. Try again later.', {
        retryable: true,
      });
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
      const database = await open();
      return await inTurn(async () => {
        signal?.throwIfAborted();
        const interrupt = () => database.interrupt();
        signal?.addEventListener('abort', interrupt, { once: true });
        try {
          const statement = await database.prepare(strings.join('?'));
          return (await statement.all(...values)) as Row[];
        } finally {
          signal?.removeEventListener('abort', interrupt);
        }
      });
    },
    async ping() {
      await open();
    },
    async close() {
      const database = await opening?.catch(() => undefined);
      await last;
      database?.close();
    },
  };
}

async function connect(url: string): Promise<Database> {
  const path = url.startsWith('file:') ? resolve(PROJECT, url.slice('file:'.length)) : url;
  if (url.startsWith('file:')) mkdirSync(dirname(path), { recursive: true });
  const database = new Database(path, { timeout: 5_000 });
  await database.exec('PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;');
  await migrate(database);
  return database;
}
