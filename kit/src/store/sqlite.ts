import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { MigrationDatabase } from './migrations.js';
import { type SqlEngine, sqlPart } from './sql.js';
import { SQLITE } from './sql-text.js';
import {
  asStoreError,
  Connection,
  Database,
  retryWhileLocked,
  type SqliteOptions,
  sqliteUrl,
} from './sqlite-connection.js';

/** A SQLite database: `DATABASE_URL` is `file:<path>`. */
export function sqlite({ file }: SqliteOptions) {
  return sqlPart({
    settings: { DATABASE_URL: sqliteUrl(file) },
    open: ({ DATABASE_URL }) => openEngine(DATABASE_URL),
    openMigrations: ({ DATABASE_URL }) => openMigrations(DATABASE_URL),
  });
}

/** How many connections wait for the next transaction or stream. */
const KEPT = 2;

/**
 * The SQLite database of `DATABASE_URL`, opened and migrated on first use. Single statements run off the event loop, one after the
 * other, on one connection; each transaction and each stream has a connection of its own.
 */
export function openEngine(path: string): SqlEngine {
  const all = new Set<Connection>();
  const idle: Connection[] = [];
  let main: Connection | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const connect = async () => {
    const database = new Database(path, {});
    await database.exec('PRAGMA foreign_keys = ON');
    const connection = new Connection(database);
    all.add(connection);
    return connection;
  };
  const close = (connection: Connection) => {
    all.delete(connection);
    connection.close();
  };

  return {
    system: 'sqlite',
    async run(statement, signal) {
      // While one waits for a lock, it is the turn of others.
      return await retryWhileLocked(() => {
        const result = last.then(async () => {
          main ??= await connect();
          return await main.run(statement, signal);
        });
        last = result.catch(() => {});
        return result;
      }, signal);
    },
    async connect() {
      const connection = idle.pop() ?? (await connect());
      return {
        run: (statement, signal) =>
          retryWhileLocked(() => connection.run(statement, signal), signal),
        batches: (statement, batch, signal) => connection.batches(statement, batch, signal),
        release(isUsable) {
          if (isUsable && idle.length < KEPT) idle.push(connection);
          else close(connection);
        },
      };
    },
    // One that began to read could not write after somebody else has.
    begin: ({ readOnly }) =>
      readOnly
        ? ['PRAGMA query_only = ON', 'BEGIN DEFERRED']
        : ['PRAGMA query_only = OFF', 'BEGIN IMMEDIATE'],
    asStoreError,
    async close() {
      await last;
      for (const connection of all) close(connection);
    },
  };
}

/** A connection for migrations. It makes the file. */
export async function openMigrations(path: string): Promise<MigrationDatabase> {
  mkdirSync(dirname(path), { recursive: true });
  const database = new Database(path, {});
  const run = async (text: string): Promise<void> => {
    await retryWhileLocked(() => database.exec(text));
  };
  await run('PRAGMA journal_mode = WAL').catch((error: unknown) => {
    database.close();
    throw error;
  });
  return {
    dialect: SQLITE,
    undoesDefinitions: true,
    table: `CREATE TABLE IF NOT EXISTS mcp_migrations
      (name TEXT PRIMARY KEY, checksum TEXT NOT NULL, state TEXT NOT NULL, applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)`,
    isNoTable: (error) => /no such table: mcp_migrations/.test((error as Error).message),
    begin: ['BEGIN IMMEDIATE'],
    run,
    query: async (text) => await (await database.prepare(text)).all(),
    close: async () => database.close(),
  };
}
