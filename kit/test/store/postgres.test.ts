import { expect, test } from 'vitest';
import { sql } from '../../src/store/sql.js';
import { createTestApp } from '../support/app.js';

test('a value is data, whatever it says', async () => {
  const { store } = await createTestApp();
  const text = "'); DROP TABLE mcp_migrations; --";
  expect(await store.query(sql`SELECT ${text}::text AS text`)).toEqual([{ text }]);
});

test('the store is there as soon as it is asked', async () => {
  const { store } = await createTestApp();
  await expect(store.ping()).resolves.toBeUndefined();
});

test('a query stops when its caller does', async () => {
  const { store } = await createTestApp();
  await store.ping();
  const endless = sql`SELECT pg_sleep(60)`;
  const started = store.query(endless, AbortSignal.timeout(50));
  await expect(started).rejects.toThrow();
  const running = sql`SELECT query FROM pg_stat_activity
                      WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(60)%'`;
  expect(await store.query(running)).toEqual([]);
});

test('to stop one query stops no other on the same connection', async () => {
  const { store } = await createTestApp();
  await store.ping();
  for (let times = 0; times < 40; times += 1) {
    // It ends by itself at about the moment in which it is stopped.
    const signal = AbortSignal.timeout(10);
    await store.query(sql`SELECT pg_sleep(0.009)`, signal).catch(() => {});
    await expect(store.query(sql`SELECT pg_sleep(0.02)`)).resolves.toHaveLength(1);
  }
});

test('a character that JSON in the database does not have is named as such', async () => {
  const { store } = await createTestApp();
  const json = JSON.stringify({ text: '\0' });
  await expect(store.query(sql`SELECT ${json}::jsonb`)).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    retryable: false,
  });
});

test('a conflict with someone else is named as such', async () => {
  const { store } = await createTestApp();
  const conflict = sql`DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$`;
  await expect(store.query(conflict)).rejects.toMatchObject({
    code: 'STORE_BUSY',
    retryable: true,
  });
  const wrong = store.query(sql`SELECT nothing`);
  await expect(wrong).rejects.not.toHaveProperty('retryable');
});

test('a database that cannot be reached is named as such, without its address', async () => {
  const { store } = await createTestApp({
    DATABASE_URL: 'postgres://user:secret@127.0.0.1:1/none',
  });
  await expect(store.ping()).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    retryable: true,
    message: expect.not.stringContaining('secret'),
  });
});
