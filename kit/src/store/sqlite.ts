import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type Database from 'libsql/promise';
import type { Logger } from 'pino';
import * as z from 'zod/v4';
import { ToolError } from '../definitions/errors.js';
import { PROJECT } from '../host/node/project.js';
import type { Part } from '../parts.js';
import type { Sql, Store } from './sql.js';
import { asStoreError } from './sqlite-error.js';
import { migrate } from './sqlite-migrate.js';
import { traced } from './traced.js';

export interface SqliteOptions {
  /** The file of the database, relative to the project, unless `DATABASE_URL` names another. */
  readonly file: string;
}

/** A SQLite database: `DATABASE_URL` is `file:<path>`. */
export function sqlite({ file }: SqliteOptions) {
  const settings = {
    DATABASE_URL: z
      .string()
      .regex(/^file:./, 'must be file:<path>')
      .default(`file:${file}`),
  };
  return {
    name: 'datastore',
    settings,
    open: ({ config, log, tracing }) =>
      traced(openStore(config.DATABASE_URL, log), 'sqlite', tracing),
    check: (store) => store.ping(),
    close: (store) => store.close(),
  } satisfies Part<typeof settings, Store>;
}

/**
 * The SQLite database of `DATABASE_URL`, opened and migrated on first use. Queries run off the event loop, one after
 * the other.
 */
export function openStore(url: string, log: Logger): Store {
  let opening: Promise<Database> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const open = () => {
    opening ??= connect(url).catch((error: unknown) => {
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
        try {
          const statement = await database.prepare(strings.join('?'));
          signal?.throwIfAborted();
          const rows = interruptible(database, signal, () => statement.all(...values));
          return (await rows) as Row[];
        } catch (error) {
          const shown = asStoreError(error);
          if (shown === undefined) throw error;
          log.error({ err: error }, shown.message);
          throw shown;
        }
      });
    },
    async ping() {
      const database = await open();
      await database.exec('SELECT 1');
    },
    async close() {
      const database = await opening?.catch(() => undefined);
      await last;
      database?.close();
    },
  };
}

async function connect(url: string): Promise<Database> {
  const { default: Database } = await import('libsql/promise');
  const path = resolve(PROJECT, url.slice('file:'.length));
  mkdirSync(dirname(path), { recursive: true });
  // A connection of its own: what is left of its results is freed under its lock, which would wait for a query under way.
  const setup = new Database(path, { timeout: 5_000 });
  try {
    await setup.exec('PRAGMA journal_mode = WAL');
    await migrate(setup);
  } finally {
    setup.close();
  }
  const database = new Database(path, { timeout: 5_000 });
  await database.exec('PRAGMA foreign_keys = ON');
  return database;
}

/**
 * Runs a statement until it is done or `signal` is aborted. libsql frees old results in the event loop and under the lock of their
 * connection, so a statement that runs for very long can still hold up the process: give such work a connection of its own.
 */
async function interruptible<T>(
  database: Database,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  // An interrupt is lost on a statement that has not started yet, so it is repeated until the statement ends.
  let retry: NodeJS.Timeout | undefined;
  const interrupt = () => {
    database.interrupt();
    retry ??= setInterval(interrupt, 10);
  };
  signal?.addEventListener('abort', interrupt, { once: true });
  try {
    return await work();
  } finally {
    signal?.removeEventListener('abort', interrupt);
    clearInterval(retry);
  }
}
