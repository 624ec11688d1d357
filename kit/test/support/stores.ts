import { join } from 'node:path';
import { postgres } from '../../src/store/postgres.js';
import { type Sql, sql } from '../../src/store/sql.js';
import { sqlite } from '../../src/store/sqlite.js';
import { toysql } from '../fixtures/toysql.js';
import { createTestApp } from './app.js';
import { postgresEnv, sqliteEnv, whyNoPostgres } from './databases.js';
import { newFolder } from './folder.js';

/** A kind of store, for the tests that hold for all of them. A new one needs an entry here. */
export interface StoreFixture {
  readonly name: string;
  /** Why it cannot be tested here. */
  readonly why?: string | undefined;
  readonly part: object;
  /** The settings of an empty database. */
  env(): Promise<Record<string, string>>;
  /** The settings of a database that is not there, with a secret. */
  readonly away: Record<string, string>;
  /** Does not end by itself. */
  readonly endless: Sql;
}

export const sqliteFixture: StoreFixture = {
  name: 'SQLite',
  part: sqlite({ file: 'data/test.db' }),
  env: sqliteEnv,
  away: { DATABASE_URL: 'file:/dev/null/secret.db' },
  endless: sql`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
               SELECT count(*) FROM n`,
};

export const postgresFixture: StoreFixture = {
  name: 'PostgreSQL',
  why: await whyNoPostgres(),
  part: postgres(),
  env: postgresEnv,
  away: { DATABASE_URL: 'postgres://user:secret@127.0.0.1:1/none' },
  endless: sql`SELECT pg_sleep(61)`,
};

export const toysqlFixture: StoreFixture = {
  ...sqliteFixture,
  name: 'a store that somebody adds',
  part: toysql(),
  env: async () => ({ DATABASE_URL: `toysql://127.0.0.1${join(newFolder('toysql'), 'test.db')}` }),
  away: { DATABASE_URL: 'toysql://user:secret@127.0.0.1/dev/null/secret.db' },
};

/** The fixture's server on such a store. */
export async function createStoreApp(
  { part, env }: StoreFixture,
  changes?: Record<string, string>,
) {
  return await createTestApp(changes ?? (await env()), { parts: { store: part } });
}
