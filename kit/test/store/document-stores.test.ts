import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod/v4';
import { createHttpHandler } from '../../src/http/handler.js';
import {
  type DocumentRunner,
  defineCollection,
  increment,
  searchable,
  type Where,
  where,
} from '../../src/store/documents.js';
import { titled } from '../support/databases.js';
import { createDocumentStoreApp, documentStoreFixtures } from '../support/document-stores.js';

const USERS = defineCollection({
  name: 'users',
  document: z.object({
    _id: z.string(),
    email: z.string(),
    age: z.number(),
    tags: z.array(z.string()).optional(),
    address: z.object({ city: z.string().nullable() }).optional(),
    search: z.string().optional(),
  }),
  indexes: [{ fields: { email: 'ascending' }, unique: true }, { fields: { age: 'descending' } }],
});
const user = (_id: string, more: object = {}) => ({
  ...{ _id, email: `${_id}@example.com`, age: 30 },
  ...more,
});

const fixtures = documentStoreFixtures.map(
  (fixture) => [titled(fixture.name, fixture.why), fixture] as const,
);

for (const [title, fixture] of fixtures) {
  describe.skipIf(fixture.why !== undefined)(title, () => {
    const open = (env?: Record<string, string>) => createDocumentStoreApp(fixture, env);
    const idsIn = async (store: DocumentRunner) =>
      (await store.find(USERS, {}, { limit: 100, sort: { _id: 'ascending' } })).map(
        ({ _id }) => _id,
      );

    test('the store is there as soon as it is asked', async () => {
      const { store } = await open();
      await expect(store.ping()).resolves.toBeUndefined();
      const { fetch } = createHttpHandler((await open()) as never);
      expect((await fetch(new Request('http://localhost/readyz'))).status).toBe(200);
    });

    test('documents are written, read, changed and deleted', async () => {
      const { store } = await open();
      await store.insert(USERS, user('a', { tags: ['x', 'y'] }));
      await store.insert(USERS, user('b', { age: 40, address: { city: 'Ulm' } }));
      expect(await store.one(USERS, { _id: 'a' })).toEqual(user('a', { tags: ['x', 'y'] }));
      expectTypeOf(store.one<z.output<typeof USERS.document>>)
        .returns.resolves.toHaveProperty('email')
        .toBeString();
      expect(await store.optional(USERS, { _id: 'none' })).toBeUndefined();
      await expect(store.one(USERS, { _id: 'none' })).rejects.toThrow('no such document of users');
      await expect(store.optional(USERS, {})).rejects.toThrow('More than one document of users');
      expect(await store.count(USERS, {})).toBe(2);
      expect(await store.update(USERS, { _id: 'a' }, { age: increment(2), tags: [] })).toBe(1);
      expect(await store.one(USERS, { _id: 'a' })).toEqual(user('a', { age: 32, tags: [] }));
      // Those that already are what they shall be count, too.
      expect(await store.update(USERS, {}, { tags: [] })).toBe(2);
      expect(await store.update(USERS, { _id: 'none' }, { age: 1 })).toBe(0);
      expect(await store.delete(USERS, { _id: 'a' })).toBe(1);
      expect(await store.delete(USERS, { _id: 'a' })).toBe(0);
    });

    test('conditions find what they say', async () => {
      const { store } = await open();
      await store.insert(USERS, user('a', { age: 10, tags: ['x'] }));
      await store.insert(USERS, user('b', { age: 20, tags: ['x', 'y'] }));
      await store.insert(USERS, user('c', { age: 30, address: { city: 'Ulm' } }));
      const ids = async (conditions: Where<z.output<typeof USERS.document>>) =>
        (await store.find(USERS, conditions, { limit: 9, sort: { _id: 'ascending' } }))
          .map(({ _id }) => _id)
          .join('');
      expect(await ids({ age: where.atLeast(20) })).toBe('bc');
      expect(await ids({ age: where.above(20) })).toBe('c');
      expect(await ids({ age: where.both(where.atLeast(10), where.below(30)) })).toBe('ab');
      expect(await ids({ age: where.atMost(10) })).toBe('a');
      expect(await ids({ _id: where.in(['a', 'c', 'z']) })).toBe('ac');
      expect(await ids({ _id: where.in([]) })).toBe('');
      expect(await ids({ _id: where.notIn(['a']) })).toBe('bc');
      expect(await ids({ _id: where.not('a') })).toBe('bc');
      expect(await ids({ tags: 'x' })).toBe('ab');
      expect(await ids({ 'address.city': 'Ulm' })).toBe('c');
      expect(await ids({ 'address.city': null })).toBe('ab');
    });

    test('a value is data, whatever it says', async () => {
      const { store } = await open();
      const texts = ['$where', '$ne', '{"$gt":""}', "'; return true; //", '.*', '$$ROOT', '$age'];
      for (const [index, text] of texts.entries()) {
        await store.insert(USERS, user(`${index}`, { email: text }));
        expect(await store.find(USERS, { email: text }, { limit: 9 })).toHaveLength(1);
        await store.update(USERS, { _id: `${index}` }, { tags: [text] });
        expect((await store.one(USERS, { email: text })).tags).toEqual([text]);
      }
      expect(await store.count(USERS, { email: where.in(texts) })).toBe(texts.length);
    });

    test('what a caller sends can be no operator', async () => {
      const { store } = await open();
      await store.insert(USERS, user('a'));
      const operators: unknown[] = [
        ...[{ $gt: '' }, { $ne: null }, { operators: { $gt: '' } }, { $regex: '.*' }, /.*/],
        ...[['a'], { _bsontype: 'Code', code: 'x' }, undefined, Number.NaN, new Date(Number.NaN)],
      ];
      for (const value of operators) {
        const refused = (conditions: Where<unknown>) =>
          expect(store.delete(USERS, conditions)).rejects.toThrow(TypeError);
        await refused({ email: value } as never);
        await refused({ 'address.city': value as never });
        expect(() => where.in([value as string])).toThrow(TypeError);
        expect(() => where.not(value as string)).toThrow(TypeError);
      }
      for (const path of ['$where', '$or', '__proto__', 'password', 'address.$', 'email..x']) {
        const conditions = JSON.parse(`{${JSON.stringify(path)}: "a"}`) as never;
        await expect(store.find(USERS, conditions, { limit: 1 })).rejects.toThrow('has no field');
        await expect(store.update(USERS, { _id: 'a' }, conditions)).rejects.toThrow();
      }
      await expect(store.update(USERS, {}, { _id: 'b' } as never)).rejects.toThrow('_id');
      await expect(store.update(USERS, {}, {})).rejects.toThrow('nothing to change');
      expect(await store.count(USERS, {})).toBe(1);
    });

    test('no name of a field becomes an operator or a value of the driver', async () => {
      const ANY = defineCollection({
        name: 'any',
        document: z.object({ _id: z.string(), data: z.record(z.string(), z.unknown()) }),
      });
      const { store } = await open();
      for (const data of [{ $set: 1 }, { a: { 'b.c': 1 } }, { _bsontype: 'Code', code: 'x' }]) {
        const refused = store.insert(ANY, { _id: 'a', data });
        await expect(refused).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      }
      let deep: Record<string, unknown> = {};
      for (let level = 0; level < 200; level += 1) deep = { deep };
      const tooDeep = store.insert(ANY, { _id: 'a', data: deep });
      await expect(tooDeep).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      expect(await store.count(ANY, {})).toBe(0);
    });

    test('values come back as they were sent', async () => {
      const KINDS = defineCollection({
        name: 'kinds',
        document: z.object({
          _id: z.string(),
          flag: z.boolean().nullable(),
          at: z.date(),
          bytes: z.instanceof(Uint8Array),
          big: z.bigint(),
          number: z.number(),
          doc: z.object({ list: z.array(z.unknown()), nothing: z.null() }),
        }),
      });
      const { store } = await open();
      const sent = {
        ...{ _id: 'a', flag: true, at: new Date('2026-02-03T04:05:06.789Z') },
        ...{ bytes: Uint8Array.of(0, 255, 39), big: 9_007_199_254_740_993n, number: 1.5 },
        doc: { list: [1, "it's", ['x'], { a: false }], nothing: null },
      };
      await store.insert(KINDS, sent);
      const found = await store.one(KINDS, { at: sent.at, big: sent.big, flag: true });
      expect({ ...found, bytes: [...found.bytes] }).toEqual({ ...sent, bytes: [0, 255, 39] });
      expect(await store.count(KINDS, { number: 1.5 })).toBe(1);
    });

    test('text comes back as it was sent, or is refused', async () => {
      const { store } = await open();
      const texts = ['', "'", '\\', '%_', '😀', 'a\u0301', 'á', '\u2028', ' x ', '\ufeff', '\r\n'];
      for (const [index, email] of texts.entries()) {
        await store.insert(USERS, user(`${index}`, { email }));
        expect((await store.one(USERS, { _id: `${index}` })).email).toBe(email);
      }
      for (const text of ['a\0b', 'a\ud83d']) {
        const refusal = { code: 'INVALID_INPUT', text };
        await expect(store.insert(USERS, user('x', { email: text }))).rejects.toMatchObject(
          refusal,
        );
        await expect(store.find(USERS, { email: text }, { limit: 1 })).rejects.toMatchObject(
          refusal,
        );
        await expect(store.update(USERS, {}, { tags: [text] })).rejects.toMatchObject(refusal);
        expect(() => where.contains(text)).toThrow('cannot be stored');
      }
    });

    test('a search finds letters of any alphabet in any case, and nothing is a pattern', async () => {
      const { store } = await open();
      for (const [id, text] of ['Ärger 100%', 'ΣΟΦΙΑ', 'Straße_1', 'a.b[c]\\d|e/f-g'].entries()) {
        await store.insert(USERS, user(`${id}`, { search: searchable(text) }));
      }
      const found = async (text: string) =>
        (await store.find(USERS, { search: where.contains(text) }, { limit: 9 })).map(
          ({ _id }) => _id,
        );
      expect(await found('äRGER')).toEqual(['0']);
      expect(await found('οφι')).toEqual(['1']);
      expect(await found('ße_')).toEqual(['2']);
      expect(await found('0%')).toEqual(['0']);
      for (const text of ['.b[', '\\D|', '/F-g']) expect(await found(text)).toEqual(['3']);
      for (const text of ['.*', '^', '$', 'a.*', '(?i)', 'Straße.']) {
        expect(await found(text)).toEqual([]);
      }
      expect(await found('')).toHaveLength(4);
    });

    test('pages in any order neither skip nor repeat', async () => {
      const { store } = await open();
      for (let n = 0; n < 25; n += 1) await store.insert(USERS, user(`${n}`, { age: n % 4 }));
      const sort = { age: 'descending', _id: 'ascending' } as const;
      const seen: string[] = [];
      for (let after: { age: number; _id: string } | undefined; ; ) {
        const page = await store.find(USERS, {}, { sort, after, limit: 7 });
        seen.push(...page.map(({ age, _id }) => `${age} ${_id}`));
        after = page.at(-1);
        if (page.length < 7) break;
      }
      expect(new Set(seen).size).toBe(25);
      const all = await store.find(USERS, {}, { sort, limit: 25 });
      expect(seen).toEqual(all.map(({ age, _id }) => `${age} ${_id}`));
      const within = { age: where.atLeast(2) };
      const first = await store.find(USERS, within, { sort, limit: 8 });
      const rest = await store.find(USERS, within, { sort, after: first.at(-1), limit: 50 });
      expect(first.length + rest.length).toBe(await store.count(USERS, within));
      for (const limit of [0, -1, 1.5, 10_001, Number.NaN]) {
        await expect(store.find(USERS, {}, { limit })).rejects.toThrow(RangeError);
      }
      await expect(store.find(USERS, {}, { sort, after: { age: 1 }, limit: 1 })).rejects.toThrow();
    });

    test('a document is what its collection says, when it is written and when it is read', async () => {
      const { store } = await open();
      const wrong = { _id: 'a', email: 7, age: 1 };
      await expect(store.insert(USERS, wrong as never)).rejects.toThrow('email');
      await store.native.collection<{ _id: string }>('users').insertOne(wrong as never);
      const read = store.find(USERS, {}, { limit: 1 });
      await expect(read).rejects.toThrow(/A document of users .* email \(.*expected string/);
      await expect(store.update(USERS, {}, { age: 'old' as never })).rejects.toThrow();
    });

    test('what must be unique is, and a second one is named by its field', async () => {
      const { store } = await open();
      await store.insert(USERS, user('a'));
      const sameId = store.insert(USERS, user('a', { email: 'other' }));
      await expect(sameId).rejects.toMatchObject({ code: 'CONFLICT', retryable: false });
      const sameEmail = store.insert(USERS, user('b', { email: 'a@example.com' }));
      await expect(sameEmail).rejects.toMatchObject({
        code: 'CONFLICT',
        message: 'There already is one with the same email.',
      });
      await store.insert(USERS, user('b'));
      const changed = store.update(USERS, { _id: 'b' }, { email: 'a@example.com' });
      await expect(changed).rejects.toMatchObject({ code: 'CONFLICT' });
    });

    test('a query of a caller who has gone does not begin', async () => {
      const { store } = await open();
      const gone = AbortSignal.abort();
      await expect(store.insert(USERS, user('a'), gone)).rejects.toThrow('aborted');
      await expect(store.find(USERS, {}, { limit: 1, signal: gone })).rejects.toThrow('aborted');
      expect(await idsIn(store)).toEqual([]);
    });

    test('a database that cannot be reached is named as such, without its address', async () => {
      const { store } = await open(fixture.away);
      const lost = {
        code: 'STORE_UNAVAILABLE',
        retryable: true,
        message: expect.not.stringContaining('secret'),
      };
      await expect(store.ping()).rejects.toMatchObject(lost);
      await expect(store.insert(USERS, user('a'))).rejects.toMatchObject(lost);
    }, 20_000);

    test('a stream gives all documents, and stops when its reader or its caller does', async () => {
      const { store } = await open();
      for (let n = 10; n < 40; n += 1) await store.insert(USERS, user(`${n}`));
      const options = { sort: { _id: 'ascending' }, batch: 7 } as const;
      const ids = [];
      for await (const { _id } of store.stream(USERS, {}, options)) ids.push(_id);
      expect(ids).toEqual(await idsIn(store));
      for await (const { _id } of store.stream(USERS, {}, options)) {
        if (_id === '20') break;
      }
      const caller = new AbortController();
      const reading = (async () => {
        for await (const { _id } of store.stream(
          USERS,
          {},
          { ...options, signal: caller.signal },
        )) {
          if (_id === '12') caller.abort();
        }
      })();
      await expect(reading).rejects.toThrow('aborted');
      expect(await store.count(USERS, {})).toBe(30);
    });

    describe('a transaction', () => {
      test('is visible as a whole, and gives what its work gives', async () => {
        const { store } = await open();
        const seen = await store.transaction(async (tx) => {
          await tx.insert(USERS, user('1'));
          const outside = await idsIn(store);
          await tx.insert(USERS, user('2'));
          return { inside: await idsIn(tx), outside };
        });
        expect(seen).toEqual({ inside: ['1', '2'], outside: [] });
        expect(await idsIn(store)).toEqual(['1', '2']);
      });

      test('is undone when its work throws, and when a step fails', async () => {
        const { store } = await open();
        const thrown = store.transaction(async (tx) => {
          await tx.insert(USERS, user('1'));
          throw new Error('changed my mind');
        });
        await expect(thrown).rejects.toThrow('changed my mind');
        const twice = store.transaction(async (tx) => {
          await tx.insert(USERS, user('1'));
          await tx.insert(USERS, user('1'));
        });
        await expect(twice).rejects.toMatchObject({ code: 'CONFLICT' });
        expect(await idsIn(store)).toEqual([]);
        await store.insert(USERS, user('2'));
      });

      test('is undone when its caller stops, also one that waits for something else', async () => {
        const { store } = await open();
        const caller = new AbortController();
        let late: Promise<unknown> | undefined;
        const failed = store.transaction(
          async (tx) => {
            await tx.insert(USERS, user('1'));
            caller.abort();
            late = tx.insert(USERS, user('2'));
            late.catch(() => {});
            await new Promise(() => {});
          },
          { signal: caller.signal },
        );
        await expect(failed).rejects.toMatchObject({ name: 'AbortError' });
        await expect(late).rejects.toThrow();
        expect(await idsIn(store)).toEqual([]);
        await store.insert(USERS, user('1'));
      });

      test('waits for steps that its work did not wait for', async () => {
        const { store } = await open();
        await store.transaction(async (tx) => {
          for (const id of ['1', '2', '3']) void tx.insert(USERS, user(id));
        });
        expect(await idsIn(store)).toEqual(['1', '2', '3']);
      });

      test('loses no change of another', async () => {
        const { store } = await open();
        await store.insert(USERS, user('a', { age: 0 }));
        const add = () =>
          store.transaction(async (tx) => {
            const { age } = await tx.one(USERS, { _id: 'a' });
            await sleep(5);
            await tx.update(USERS, { _id: 'a' }, { age: age + 1 });
          });
        const ends = await Promise.allSettled(Array.from({ length: 8 }, add));
        const done = ends.filter(({ status }) => status === 'fulfilled').length;
        expect(done).toBeGreaterThan(0);
        for (const end of ends) {
          if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'STORE_BUSY' });
        }
        expect((await store.one(USERS, { _id: 'a' })).age).toBe(done);
      });
    });
  });
}
