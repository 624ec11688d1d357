import { describe, expect, test } from 'vitest';
import { sql } from '../../src/store/sql.js';
import { titled } from '../support/databases.js';
import { createStoreApp, postgresFixture } from '../support/stores.js';

const { why } = postgresFixture;

describe.skipIf(why !== undefined)(titled('PostgreSQL', why), () => {
  test('a query stops when its caller does', async () => {
    const { store } = await createStoreApp(postgresFixture);
    await store.ping();
    const endless = sql`SELECT pg_sleep(60)`;
    const started = store.query(endless, AbortSignal.timeout(50));
    await expect(started).rejects.toThrow();
    const running = sql`SELECT query FROM pg_stat_activity
                      WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(60)%'`;
    expect(await store.query(running)).toEqual([]);
  });

  test('to stop one query stops no other on the same connection', async () => {
    const { store } = await createStoreApp(postgresFixture);
    await store.ping();
    for (let times = 0; times < 40; times += 1) {
      // It ends by itself at about the moment in which it is stopped.
      const signal = AbortSignal.timeout(10);
      await store.query(sql`SELECT pg_sleep(0.009)`, signal).catch(() => {});
      await expect(store.query(sql`SELECT pg_sleep(0.02)`)).resolves.toHaveLength(1);
    }
  });

  test('a character that JSON in the database does not have is named as such', async () => {
    const { store } = await createStoreApp(postgresFixture);
    const json = JSON.stringify({ text: '\0' });
    await expect(store.query(sql`SELECT ${json}::jsonb`)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      retryable: false,
    });
  });

  test('a conflict with someone else is named as such', async () => {
    const { store } = await createStoreApp(postgresFixture);
    const conflict = sql`DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$`;
    await expect(store.query(conflict)).rejects.toMatchObject({
      code: 'STORE_BUSY',
      retryable: true,
    });
    const wrong = store.query(sql`SELECT nothing`);
    await expect(wrong).rejects.not.toHaveProperty('retryable');
  });

  test('the connections to the database are counted by what they do', async () => {
    const { store, metrics } = await createStoreApp(postgresFixture);
    const slow = Array.from({ length: 12 }, () => store.query(sql`SELECT pg_sleep(0.3)`));
    await expect.poll(() => metrics.registry.text()).toContain('mcp_store_waiting 2\n');
    expect(metrics.registry.text()).toContain('mcp_store_connections{state="used"} 10\n');
    await Promise.all(slow);
    expect(metrics.registry.text()).toContain('mcp_store_connections{state="used"} 0\n');
    expect(metrics.registry.text()).toMatch(/mcp_store_connections\{state="idle"\} [1-9]/);
  });
});
