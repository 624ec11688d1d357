import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Logger } from 'pino';
import * as z from 'zod/v4';
import { ToolError } from '../definitions/errors.js';
import { PROJECT } from '../host/node/project.js';
import type { Part } from '../parts.js';
import { Database } from './libsql.js';
import { type Sql, type Store, traced } from './sql.js';
import { asStoreError, Connection, whenUnlocked } from './sqlite-connection.js';

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
  let opening: Promise<Connection> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const open = () => {
    opening ??= connect(url).catch((error: unknown) => {
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

const FOLDER = join(PROJECT, 'migrations');

/** Applies the files of `migrations/` that this database has not seen, in the order of their names, all or none. */
export async function migrate(database: Database): Promise<void> {
  await whenUnlocked(() => database.exec('BEGIN IMMEDIATE'));
  try {
    await database.exec('CREATE TABLE IF NOT EXISTS mcp_migrations (name TEXT PRIMARY KEY)');
    const done = await database.prepare('SELECT name FROM mcp_migrations');
    const seen = new Set((await done.all()).map((row: { name: string }) => row.name));
    const insert = await database.prepare('INSERT INTO mcp_migrations (name) VALUES (?)');
    for (const name of migrationFiles().filter((file) => !seen.has(file))) {
      await database.exec(readFileSync(join(FOLDER, name), 'utf8'));
      await insert.run(name);
    }
    await whenUnlocked(() => database.exec('COMMIT'));
  } catch (error) {
    // SQLite may have rolled back by itself.
    await database.exec('ROLLBACK').catch(() => {});
    throw error;
  }
}

function migrationFiles(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.sql'))
    .sort();
}
