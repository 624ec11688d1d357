import { expect, onTestFinished, test } from 'vitest';
import { sql } from '../../src/store/sql.js';
import { asStoreError, Database } from '../../src/store/sqlite-connection.js';
import { sqliteEnv } from '../support/databases.js';
import { createStoreApp, sqliteFixture } from '../support/stores.js';

test.each([
  [
    'has no row yet',
    sql`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                         SELECT count(*) FROM n`,
  ],
  [
    'has found one',
    sql`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                        SELECT i FROM n WHERE i < 2`,
  ],
])('a query that %s stops when its caller does', async (_, endless) => {
  const { store } = await createStoreApp(sqliteFixture);
  const started = store.query(endless, AbortSignal.timeout(50));
  await expect(started).rejects.toThrow();
  expect(await store.query(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
});

test('a query with two columns of one name is refused, because one of them would be lost', async () => {
  const { store } = await createStoreApp(sqliteFixture);
  for (const twins of [
    sql`SELECT a.n, b.n FROM (SELECT 1 AS n) a, (SELECT 2 AS n) b`,
    sql`SELECT a.n, b.n AS N FROM (SELECT 1 AS n) a, (SELECT 2 AS n) b`,
    sql`SELECT 1 AS n, 2 AS n; -- done`,
    sql`INSERT INTO notes VALUES ('x', 't', 'b', 'now') RETURNING id AS n, id AS n`,
  ]) {
    await expect(store.query(twins)).rejects.toThrow('Two columns are called n.');
  }
  const alike = sql`SELECT 1 AS "12", 2 AS "12:30"`;
  expect(await store.query(alike)).toEqual([{ 12: 1, '12:30': 2 }]);
  const named = sql`SELECT a.n, b.n AS m FROM (SELECT 1 AS n) a, (SELECT 2 AS n) b`;
  expect(await store.query(named)).toEqual([{ n: 1, m: 2 }]);
});

test('a statement waits for the lock of someone else until its caller stops, and others need not', async () => {
  const env = await sqliteEnv();
  const { store } = await createStoreApp(sqliteFixture, env);
  await store.ping();
  const other = new Database(env.DATABASE_URL.slice('file:'.length), {});
  onTestFinished(() => other.close());
  await other.exec('BEGIN EXCLUSIVE');
  const write = sql`INSERT INTO notes VALUES ('x', 't', 'b', 'now')`;
  await expect(store.query(write, AbortSignal.timeout(50))).rejects.toThrow();
  const waiting = store.query(write);
  expect(await store.query(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
  await other.exec('ROLLBACK');
  expect(await waiting).toEqual([]);
});

test('a database that someone else has locked is named as such', () => {
  const locked = Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
  expect(asStoreError(locked)).toMatchObject({ code: 'STORE_BUSY', retryable: true });
  expect(asStoreError(new Error('no such column'))).toBeUndefined();
});

test('an address of a server is refused, without its token', async () => {
  const addresses = ['libsql://db.example.com?authToken=secret', 'https://db.example.com'];
  for (const DATABASE_URL of addresses) {
    const opened = createStoreApp(sqliteFixture, { DATABASE_URL });
    await expect(opened).rejects.toThrow(/DATABASE_URL.*servers of libSQL are not supported/s);
    await expect(opened).rejects.not.toThrow('secret');
  }
});
