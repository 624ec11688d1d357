import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { postgres } from '../../src/store/postgres.js';
import { sql } from '../../src/store/sql.js';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/testing/embedded-postgres.js';
import { createTestApp } from '../support/app.js';

let server: EmbeddedPostgres;
beforeAll(async () => {
  server = await startEmbeddedPostgres();
}, 120_000);
afterAll(() => server.close());

async function connect(options: pg.ClientConfig = {}): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: server.url, ...options });
  client.on('error', () => {});
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

test('connections that ask at the same time get their own answers', async () => {
  const pool = new pg.Pool({ connectionString: server.url, max: 5 });
  onTestFinished(() => pool.end());
  const ask = async (index: number) => {
    const type = index % 2 === 0 ? 'int' : 'text';
    const { rows } = await pool.query(`SELECT $1::${type} AS value`, [index]);
    return Number(rows[0].value);
  };
  const asked = Array.from({ length: 50 }, (_, index) => index);
  expect(await Promise.all(asked.map(ask))).toEqual(asked);
});

test('a transaction has the session to itself', async () => {
  const [one, other] = [await connect(), await connect()];
  await one.query('CREATE TABLE turns (n int)');
  await one.query('BEGIN');
  await one.query('INSERT INTO turns VALUES (1)');
  const counted = other.query('SELECT count(*)::int AS n FROM turns');
  await one.query('INSERT INTO turns VALUES (2)');
  await one.query('COMMIT');
  expect((await counted).rows).toEqual([{ n: 2 }]);
});

test('what a connection leaves open is undone when it ends', async () => {
  const gone = new pg.Client({ connectionString: server.url });
  gone.on('error', () => {});
  await gone.connect();
  const other = await connect();
  await gone.query('CREATE TABLE left_open (n int)');
  await gone.query('BEGIN');
  await gone.query('INSERT INTO left_open VALUES (1)');
  (gone as unknown as { connection: pg.Connection }).connection.stream.destroy();
  expect((await other.query('SELECT * FROM left_open')).rows).toEqual([]);
});

test('a connection has the settings that it has asked for, and those of no other', async () => {
  const one = await connect({ options: '-c search_path=pg_catalog -c work_mem=2MB' });
  const other = await connect({ application_name: "it's another" });
  const settings = `SELECT current_setting('search_path') AS path, current_setting('work_mem') AS memory,
    current_setting('application_name') AS name`;
  const usual = (await other.query(settings)).rows[0];
  await other.query('SET work_mem = 1024');
  expect((await one.query(settings)).rows).toEqual([
    { path: 'pg_catalog', memory: '2MB', name: '' },
  ]);
  await one.query('SET search_path = public');
  await one.query('RESET search_path');
  expect((await one.query(settings)).rows).toMatchObject([{ path: 'pg_catalog' }]);
  expect((await other.query(settings)).rows).toEqual([
    { path: 'public', memory: usual.memory, name: "it's another" },
  ]);
});

test('a setting that does not exist is told', async () => {
  const asking = new pg.Client({ connectionString: server.url, options: '-c no_such_thing=1' });
  asking.on('error', () => {});
  await asking.connect();
  await expect(asking.query('SELECT 1')).rejects.toThrow('no_such_thing');
});

test('an error is that of its statement alone', async () => {
  const client = await connect();
  await expect(client.query('SELECT nothing')).rejects.toMatchObject({ code: '42703' });
  await expect(client.query('SELECT $1::int', ['x'])).rejects.toMatchObject({ code: '22P02' });
  await client.query('BEGIN');
  await expect(client.query('SELECT 1/0')).rejects.toMatchObject({ code: '22012' });
  await expect(client.query('SELECT 1')).rejects.toMatchObject({ code: '25P02' });
  await client.query('ROLLBACK');
  expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
});

test('a server keeps its data there', async () => {
  const { store } = await createTestApp(
    { DATABASE_URL: server.url },
    { parts: { store: postgres() } },
  );
  const insert = (id: string) => sql`INSERT INTO notes VALUES (${id}, 't', ${'b'}, 'now')`;
  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      store.transaction((tx) => tx.execute(insert(String(index)))),
    ),
  );
  const failed = store.transaction(async (tx) => {
    await tx.execute(insert('20'));
    await tx.execute(insert('0'));
  });
  await expect(failed).rejects.toThrow();
  const ids = [];
  for await (const { id } of store.stream<{ id: string }>(sql`SELECT id FROM notes`, { batch: 7 }))
    ids.push(id);
  expect(ids).toHaveLength(20);
});
