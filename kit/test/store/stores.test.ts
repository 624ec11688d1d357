import { describe, expect, test } from 'vitest';
import { createHttpHandler } from '../../src/http/handler.js';
import { sql } from '../../src/store/sql.js';
import { callTool } from '../support/client.js';
import { titled } from '../support/databases.js';
import {
  createStoreApp,
  postgresFixture,
  sqliteFixture,
  toysqlFixture,
} from '../support/stores.js';

const fixtures = [sqliteFixture, postgresFixture, toysqlFixture].map(
  (fixture) => [titled(fixture.name, fixture.why), fixture] as const,
);

for (const [title, fixture] of fixtures) {
  describe.skipIf(fixture.why !== undefined)(title, () => {
    const open = (env?: Record<string, string>) => createStoreApp(fixture, env);

    test('a value is data, whatever it says', async () => {
      const { store } = await open();
      const text = "'); DROP TABLE mcp_migrations; --";
      expect(await store.query(sql`SELECT CAST(${text} AS text) AS text`)).toEqual([{ text }]);
    });

    test('a statement that runs again has values of its own', async () => {
      const { store } = await open();
      for (const value of ['a', null, 'b']) {
        const rows = await store.query(sql`SELECT CAST(${value} AS text) AS value`);
        expect(rows).toEqual([{ value }]);
      }
    });

    test('rows come in their order', async () => {
      const { store } = await open();
      const rows = await store.query(
        sql`SELECT * FROM (VALUES (2), (3), (1)) AS numbers ORDER BY 1 DESC;`,
      );
      expect(rows).toEqual([{ column1: 3 }, { column1: 2 }, { column1: 1 }]);
    });

    test('the store is there as soon as it is asked', async () => {
      const { store } = await open();
      await expect(store.ping()).resolves.toBeUndefined();
    });

    test('a query stops when its caller does, and the store goes on', async () => {
      const { store } = await open();
      await store.ping();
      const started = store.query(fixture.endless, AbortSignal.timeout(50));
      await expect(started).rejects.toThrow();
      expect(await store.query(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
    });

    test('a query of a caller who has gone does not begin', async () => {
      const { store } = await open();
      const gone = AbortSignal.abort();
      const insert = sql`INSERT INTO notes VALUES ('1', 'a', 'b', 'now')`;
      await expect(store.query(insert, gone)).rejects.toThrow();
      expect(await store.query(sql`SELECT id FROM notes`)).toEqual([]);
    });

    test('servers that start at once apply each migration once', async () => {
      const env = await fixture.env();
      const apps = [await open(env), await open(env), await open(env)];
      await Promise.all(apps.map(({ store }) => store.ping()));
      const names = sql`SELECT name FROM mcp_migrations`;
      expect(await apps[0]?.store.query(names)).toEqual([{ name: '0001_notes.sql' }]);
    });

    test('a mistake in a statement is no reason to call again', async () => {
      const { store } = await open();
      const wrong = store.query(sql`SELECT nothing`);
      await expect(wrong).rejects.not.toHaveProperty('retryable');
    });

    test('a database that cannot be reached is named as such, without its address', async () => {
      const app = await open(fixture.away);
      await expect(app.store.ping()).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        retryable: true,
        message: expect.not.stringContaining('secret'),
      });
      const { fetch } = createHttpHandler(app);
      const ready = await fetch(new Request('http://localhost/readyz'));
      expect(await ready.json()).toMatchObject({ checks: { datastore: 'unreachable' } });
    });

    test('tools find it in their context', async () => {
      const app = await open();
      const created = await callTool(app, 'create_note', { title: 'tea', body: 'green' });
      const { note } = created.structuredContent as { note: { id: string } };
      const read = await callTool(app, 'read_note', { id: note.id });
      expect(read.structuredContent).toEqual({ note });
      const gone = await callTool(app, 'read_note', { id: 'none' });
      expect(gone).toMatchObject({ isError: true, content: [{ text: 'No note with that id.' }] });
    });
  });
}
