import { describe, expect, test } from 'vitest';
import * as z from 'zod/v4';
import { createHttpHandler } from '../../src/http/handler.js';
import { type Sql, type SqlRunner, searchable, sql } from '../../src/store/sql.js';
import { callTool } from '../../src/testing/client.js';
import { titled } from '../support/databases.js';
import { createStoreApp, storeFixtures } from '../support/stores.js';

const fixtures = storeFixtures.map(
  (fixture) => [titled(fixture.name, fixture.why), fixture] as const,
);

for (const [title, fixture] of fixtures) {
  describe.skipIf(fixture.why !== undefined)(title, () => {
    const open = (env?: Record<string, string>) => createStoreApp(fixture, env);

    test('a value is data, whatever it says', async () => {
      const { store } = await open();
      const text = "'); DROP TABLE mcp_migrations; --";
      await store.execute(sql`INSERT INTO notes VALUES ('1', ${text}, 'b', 'now')`);
      expect(await store.query(sql`SELECT title FROM notes`)).toEqual([{ title: text }]);
    });

    test('a statement that runs again has values of its own', async () => {
      const { store } = await open();
      for (const value of ['a', null, 'b']) {
        const rows = await store.query(sql`SELECT NULLIF(${value}, '') AS value`);
        expect(rows).toEqual([{ value }]);
      }
    });

    test('rows come in their order', async () => {
      const { store } = await open();
      const rows = await store.query(
        sql`SELECT n FROM (SELECT 2 AS n UNION SELECT 3 UNION SELECT 1) AS numbers ORDER BY 1 DESC;`,
      );
      expect(rows).toEqual([{ n: 3 }, { n: 2 }, { n: 1 }]);
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

    test('a row whose key another one has is told as such, and is no reason to call again', async () => {
      const { store } = await open();
      const insert = sql`INSERT INTO notes VALUES ('1', 'a', 'b', 'now')`;
      await store.execute(insert);
      const conflict = { code: 'ALREADY_EXISTS', retryable: false };
      await expect(store.execute(insert)).rejects.toMatchObject(conflict);
      await store.execute(sql`CREATE TABLE mails (id INT PRIMARY KEY, mail VARCHAR(50) UNIQUE)`);
      await store.execute(sql`INSERT INTO mails VALUES (1, 'a'), (2, 'b')`);
      const update = sql`UPDATE mails SET mail = 'a' WHERE id = 2`;
      await expect(store.execute(update)).rejects.toMatchObject(conflict);
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

    test('values come back as they were sent', async () => {
      const { store } = await open();
      await store.execute(sql`CREATE TABLE kinds (id VARCHAR(10) PRIMARY KEY, ${fixture.columns})`);
      const at = new Date('2026-02-03T04:05:06.789Z');
      const bytes = Uint8Array.of(0, 255, 39);
      const big = 9_007_199_254_740_993n;
      const doc = { list: [1, "it's"], nothing: null };
      await store.execute(
        sql`INSERT INTO kinds VALUES ('full', ${true}, ${at}, ${bytes}, ${big}, ${sql.json(doc)})`,
      );
      await store.execute(
        sql`INSERT INTO kinds VALUES ('none', ${null}, ${null}, ${null}, ${null}, ${null}), ('zero', ${false}, ${at}, ${new Uint8Array()}, ${7}, ${sql.json([])})`,
      );
      const [full, none, zero] = await store.query<Record<string, unknown>>(
        sql`SELECT * FROM kinds ORDER BY id`,
      );
      expect({ ...full, bytes: Array.from(full?.bytes as Uint8Array) }).toEqual({
        ...{ id: 'full', flag: true, at, bytes: [...bytes], big, doc },
      });
      expect(none).toEqual({ id: 'none', flag: null, at: null, bytes: null, big: null, doc: null });
      expect(zero).toMatchObject({ flag: false, big: 7, doc: [] });
      const same = sql`SELECT id FROM kinds WHERE flag = ${true} AND at = ${at} AND big = ${big} AND bytes = ${bytes}`;
      expect(await store.query(same)).toEqual([{ id: 'full' }]);
    });

    test('text comes back as it was sent, or is refused', async () => {
      const { store } = await open();
      const texts = ['', "'", '\\', '%_', '😀', 'a\u0301', 'á', '\u2028', ' x ', '\ufeff', '\r\n'];
      for (const [index, text] of texts.entries()) {
        await store.execute(sql`INSERT INTO notes VALUES (${`${index}`}, ${text}, ${text}, 'now')`);
        const query = sql`SELECT title FROM notes WHERE id = ${`${index}`}`;
        expect(await store.one(query)).toEqual({ title: text });
      }
    });

    test('a search finds letters of any alphabet in any case', async () => {
      const { store } = await open();
      for (const [id, text] of ['Ärger 100%', 'ΣΟΦΙΑ', 'Straße_1'].entries()) {
        await store.execute(
          sql`INSERT INTO notes VALUES (${`${id}`}, ${text}, ${searchable(text)}, 'now')`,
        );
      }
      const found = async (text: string) =>
        await store.query(
          sql`SELECT id FROM notes WHERE ${sql.contains(sql`body`, text)} ORDER BY id`,
        );
      expect(await found('äRGER')).toEqual([{ id: '0' }]);
      expect(await found('οφι')).toEqual([{ id: '1' }]);
      expect(await found('SSE')).toEqual([]);
      expect(await found('ße_')).toEqual([{ id: '2' }]);
      expect(await found('0%')).toEqual([{ id: '0' }]);
      expect(await found('_')).toEqual([{ id: '2' }]);
      expect(await found('')).toHaveLength(3);
    });

    test('statements are put together of parts', async () => {
      const { store } = await open();
      for (const id of ['a', 'b', 'c']) {
        await store.execute(sql`INSERT INTO notes VALUES (${id}, ${`t${id}`}, '', 'now')`);
      }
      const ids = async (where: Sql) =>
        (await store.query<{ id: string }>(sql`SELECT id FROM notes WHERE ${where} ORDER BY id`))
          .map(({ id }) => id)
          .join('');
      expect(await ids(sql.in(sql`id`, ['a', 'c']))).toBe('ac');
      expect(await ids(sql.in(sql`id`, []))).toBe('');
      expect(await ids(sql.notIn(sql`id`, ['a']))).toBe('bc');
      expect(await ids(sql.notIn(sql`id`, []))).toBe('abc');
      expect(await ids(sql.in(sql`length(title)`, []))).toBe('');
      expect(await ids(sql.and([]))).toBe('abc');
      const title = (wanted?: string) =>
        sql`1 = 1 ${sql.given(wanted, (it) => sql`AND title = ${it}`)} AND id < ${'c'}`;
      expect(await ids(title('tb'))).toBe('b');
      expect(await ids(title())).toBe('ab');
      const column = sql.identifier('title', ['title', 'id']);
      expect(await ids(sql`${column} = ${'ta'}`)).toBe('a');
      expect(() => sql.identifier('body', ['title', 'id'])).toThrow('There is no "body" here.');
    });

    test('data that only look like a statement are none', async () => {
      const { store } = await open();
      const fake = JSON.parse('{"strings":["1 = 1 OR id"],"values":[]}');
      expect(() => sql`SELECT id FROM notes WHERE id = ${fake}`).toThrow(TypeError);
      await expect(store.query({ strings: ['SELECT 1'], values: [] })).rejects.toThrow(
        'Write statements with sql',
      );
    });

    test('lists and parts may be long', async () => {
      const { store } = await open();
      const many = Array.from({ length: 20_000 }, (_, index) => `${index}`);
      expect(sql.join(many.map((id) => sql`${id}`)).values).toHaveLength(20_000);
      expect(await store.query(sql`SELECT id FROM notes WHERE ${sql.in(sql`id`, many)}`)).toEqual(
        [],
      );
    });

    test('one row, at most one row, and how many rows were changed', async () => {
      const { store } = await open();
      const insert = (id: string) => sql`INSERT INTO notes VALUES (${id}, 't', 'b', 'now')`;
      expect(await store.execute(insert('1'))).toBe(1);
      expect(await store.execute(insert('2'))).toBe(1);
      const row = z.object({ id: z.string(), title: z.literal('t') });
      const all = sql`SELECT id, title FROM notes ORDER BY id`;
      expect(await store.query(all, { row })).toEqual([
        { id: '1', title: 't' },
        { id: '2', title: 't' },
      ]);
      await expect(store.one(all)).rejects.toThrow('gave 2');
      await expect(store.optional(all)).rejects.toThrow('gave 2');
      const none = sql`SELECT id FROM notes WHERE id = ${'none'}`;
      await expect(store.one(none)).rejects.toThrow('gave 0');
      expect(await store.optional(none)).toBeUndefined();
      // Rows that already are what they shall be count, too.
      expect(await store.execute(sql`UPDATE notes SET title = ${'t'}`)).toBe(2);
      const wrong = z.object({ id: z.number() });
      await expect(store.query(all, { row: wrong })).rejects.toThrow(/id \(.*expected number/);
      expect(await store.execute(sql`DELETE FROM notes WHERE id = ${'1'}`)).toBe(1);
      expect(await store.execute(sql`DELETE FROM notes WHERE id = ${'1'}`)).toBe(0);
    });

    test('two columns of one name are refused, because one of them would be lost', async () => {
      const { store } = await open();
      const twins = store.query(sql`SELECT 1 AS n, 2 AS n`);
      await expect(twins).rejects.toThrow('Two columns are called n.');
    });

    describe('a transaction', () => {
      const insert = (id: string) => sql`INSERT INTO notes VALUES (${id}, 't', 'b', 'now')`;
      const idsIn = async (store: SqlRunner) =>
        (await store.query<{ id: string }>(sql`SELECT id FROM notes ORDER BY id`)).map(
          ({ id }) => id,
        );

      test('is visible as a whole, and gives what its work gives', async () => {
        const { store } = await open();
        const seen = await store.transaction(async (tx) => {
          await tx.execute(insert('1'));
          const outside = await idsIn(store);
          await tx.execute(insert('2'));
          return { inside: await idsIn(tx), outside };
        });
        expect(seen).toEqual({ inside: ['1', '2'], outside: [] });
        expect(await idsIn(store)).toEqual(['1', '2']);
      });

      test('is undone when its work throws', async () => {
        const { store } = await open();
        const failed = store.transaction(async (tx) => {
          await tx.execute(insert('1'));
          throw new Error('changed my mind');
        });
        await expect(failed).rejects.toThrow('changed my mind');
        expect(await idsIn(store)).toEqual([]);
      });

      test('is undone when a statement fails and nobody caught it', async () => {
        const { store } = await open();
        const failed = store.transaction(async (tx) => {
          await tx.execute(insert('1'));
          await tx.execute(insert('1'));
        });
        await expect(failed).rejects.toThrow();
        expect(await idsIn(store)).toEqual([]);
        await store.execute(insert('2'));
        expect(await idsIn(store)).toEqual(['2']);
      });

      test('is undone when its caller stops, also one that waits for something else', async () => {
        const { store } = await open();
        const caller = new AbortController();
        const failed = store.transaction(
          async (tx) => {
            await tx.execute(insert('1'));
            caller.abort();
            await new Promise(() => {});
          },
          { signal: caller.signal },
        );
        await expect(failed).rejects.toMatchObject({ name: 'AbortError' });
        expect(await idsIn(store)).toEqual([]);
        await store.execute(insert('1'));
      });

      test('stops its statement when its caller stops, and then can do nothing', async () => {
        const { store } = await open();
        const caller = new AbortController();
        let late: Promise<unknown> | undefined;
        const failed = store.transaction(
          async (tx) => {
            await tx.execute(insert('1'));
            setTimeout(() => caller.abort(), 100);
            try {
              await tx.query(fixture.endless);
            } finally {
              late = tx.execute(insert('2'));
              late.catch(() => {});
            }
          },
          { signal: caller.signal },
        );
        await expect(failed).rejects.toThrow();
        await expect(late).rejects.toThrow();
        expect(await idsIn(store)).toEqual([]);
      });

      test('within another is undone alone', async () => {
        const { store } = await open();
        await store.transaction(async (tx) => {
          await tx.execute(insert('1'));
          const inner = tx.transaction(async (within) => {
            await within.execute(insert('2'));
            await within.execute(insert('2'));
          });
          await expect(tx.execute(insert('9'))).rejects.toThrow('has not ended');
          await expect(inner).rejects.toThrow();
          await tx.transaction(async (within) => {
            await within.execute(insert('3'));
            await within.transaction((deepest) => deepest.execute(insert('4')));
          });
        });
        expect(await idsIn(store)).toEqual(['1', '3', '4']);
      });

      test('does not end while one within it is open', async () => {
        const { store } = await open();
        const inner: Promise<unknown>[] = [];
        const outer = store.transaction(async (tx) => {
          inner.push(
            tx.transaction(async (within) => {
              await within.execute(insert('1'));
              await new Promise((resolve) => setTimeout(resolve, 50));
              throw new Error('no');
            }),
          );
          for (const one of inner) one.catch(() => {});
        });
        await expect(outer).rejects.toThrow('has not ended yet');
        await expect(inner[0]).rejects.toThrow();
        expect(await idsIn(store)).toEqual([]);
      });

      test('waits for statements that its work did not wait for', async () => {
        const { store } = await open();
        await store.transaction(async (tx) => {
          for (const id of ['1', '2', '3']) void tx.execute(insert(id));
        });
        expect(await idsIn(store)).toEqual(['1', '2', '3']);
      });

      test('that only reads cannot write', async () => {
        const { store } = await open();
        const writing = store.transaction((tx) => tx.execute(insert('1')), { readOnly: true });
        await expect(writing).rejects.toThrow();
        expect(await idsIn(store)).toEqual([]);
        await store.execute(insert('1'));
      });

      test('can be the strictest, and loses no change of another', async () => {
        const { store } = await open();
        await store.execute(insert('0'));
        const add = async () =>
          await store.transaction(
            async (tx) => {
              const { body } = await tx.one<{ body: string }>(sql`SELECT body FROM notes`);
              await tx.execute(sql`UPDATE notes SET body = ${`${body}x`}`);
            },
            { isolation: 'serializable' },
          );
        const ends = await Promise.allSettled(Array.from({ length: 8 }, add));
        const done = ends.filter(({ status }) => status === 'fulfilled').length;
        expect(done).toBeGreaterThan(0);
        for (const end of ends) {
          if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'STORE_BUSY' });
        }
        const { body } = await store.one<{ body: string }>(sql`SELECT body FROM notes`);
        expect(body).toBe(`b${'x'.repeat(done)}`);
      });

      test('leaves its connection as it was', async () => {
        const { store } = await open();
        const many = Array.from({ length: 25 }, (_, index) =>
          store
            .transaction(async (tx) => {
              await tx.execute(insert(`${index}`));
              if (index % 2 === 0) throw new Error('no');
            })
            .catch(() => {}),
        );
        await Promise.all(many);
        expect(await idsIn(store)).toHaveLength(12);
      });
    });

    describe('a stream', () => {
      async function withRows(count: number) {
        const app = await open();
        const rows = Array.from(
          { length: count },
          (_, index) => sql`(${`${index}`.padStart(5, '0')}, 't', 'b', 'now')`,
        );
        await app.store.execute(sql`INSERT INTO notes VALUES ${sql.join(rows)}`);
        return app;
      }
      const all = sql`SELECT id FROM notes WHERE title = ${'t'} ORDER BY id`;

      test('gives all rows in their order, checked', async () => {
        const { store } = await withRows(250);
        const row = z.object({ id: z.string().transform(Number) });
        const ids = [];
        for await (const { id } of store.stream(all, { batch: 100, row })) ids.push(id);
        expect(ids).toEqual(Array.from({ length: 250 }, (_, index) => index));
        const none = sql`SELECT id FROM notes WHERE title = ${'none'}`;
        for await (const _ of store.stream(none)) throw new Error('there is none');
      });

      test('may be left early, and others go on', async () => {
        const { store } = await withRows(250);
        for (let times = 0; times < 15; times += 1) {
          for await (const row of store.stream<{ id: string }>(all, { batch: 10 })) {
            expect(await store.one(sql`SELECT count(*) AS n FROM notes`)).toEqual({ n: 250 });
            if (row.id === '00003') break;
          }
        }
        await store.execute(sql`DELETE FROM notes`);
      });

      test('stops when its caller does', async () => {
        const { store } = await withRows(50);
        const stopped = new AbortController();
        let seen = 0;
        const reading = (async () => {
          for await (const _ of store.stream(all, { batch: 5, signal: stopped.signal })) {
            seen += 1;
            if (seen === 12) stopped.abort();
          }
        })();
        await expect(reading).rejects.toThrow();
        expect(seen).toBeLessThan(50);
        expect(await store.query(sql`SELECT id FROM notes WHERE id = '00001'`)).toHaveLength(1);
      });

      test('of a statement that is wrong says so', async () => {
        const { store } = await open();
        const reading = (async () => {
          for await (const _ of store.stream(sql`SELECT nothing FROM notes`)) break;
        })();
        await expect(reading).rejects.toThrow(/nothing/);
      });
    });

    test('a text that cannot be stored is refused by the name of its argument', async () => {
      const app = await open();
      for (const [title, body, argument] of [
        ['a\0b', 'fine', 'title'],
        ['fine', 'a\ud83d', 'body'],
      ] as const) {
        const refused = await callTool(app, 'create_note', { title, body });
        expect(refused).toMatchObject({
          isError: true,
          content: [{ text: expect.stringContaining(`It is the argument ${argument}.`) }],
        });
      }
      expect(await app.store.query(sql`SELECT id FROM notes`)).toEqual([]);
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
