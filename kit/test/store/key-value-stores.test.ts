import { describe, expect, test } from 'vitest';
import * as z from 'zod/v4';
import { createHttpHandler } from '../../src/http/handler.js';
import type { Ranked } from '../../src/store/key-value.js';
import { createTestApp } from '../support/app.js';
import { titled } from '../support/databases.js';
import { keyValueFixtures, openKeyValueStore } from '../support/key-value-stores.js';

const CONFLICT = { code: 'CONFLICT', retryable: false };

for (const fixture of keyValueFixtures) {
  describe.skipIf(fixture.why !== undefined)(titled(fixture.name, fixture.why), () => {
    const open = () => openKeyValueStore(fixture);

    test('values come back as they were sent', async () => {
      const store = await open();
      const texts = ['', '\0', '\ud83d', '😀', 'a\u0301', 'á', '\u2028', ' x ', '\ufeff', '\r\n'];
      const values = [...texts, 0, -1.5, 1e21, true, null, [], { list: [1, "it's"], 'a\0': {} }];
      for (const value of values) {
        await store.set('key', value);
        expect(await store.get('key')).toEqual(value);
      }
    });

    test('what is no JSON is refused, and nothing is written', async () => {
      const store = await open();
      await expect(store.set('key', undefined)).rejects.toThrow(TypeError);
      await expect(store.set('key', 1n)).rejects.toThrow(TypeError);
      expect(await store.get('key')).toBeUndefined();
    });

    test('keys are data, whatever they say, and each is another one', async () => {
      const store = await open();
      const keys = ['a', 'A', 'a:b', 'a*', 'a?', '[a]', '\\', 'a b', '\n', 'a\0b', 'á', 'a\u0301'];
      for (const key of keys) await store.set(key, key);
      expect(await store.getMany([...keys, 'none'])).toEqual([...keys, undefined]);
      expect(await store.getMany([])).toEqual([]);
      await expect(store.get('')).rejects.toThrow(TypeError);
    });

    test('a key with half of a surrogate pair is refused, and its text is named', async () => {
      const store = await open();
      const refused = { code: 'INVALID_INPUT', text: 'a\ud83d' };
      await expect(store.set('a\ud83d', 1)).rejects.toMatchObject(refused);
      await expect(store.get('a\ud83d')).rejects.toMatchObject(refused);
      const add = { index: 'i', add: 'a\ud83d', score: 0 };
      await expect(store.write([add])).rejects.toMatchObject(refused);
    });

    test('values, counters and indexes of one name are different things', async () => {
      const store = await open();
      await store.write([
        { set: 'x', value: 'value' },
        { increment: 'x', by: 5 },
        { index: 'x', add: 'member', score: 1 },
      ]);
      expect(await store.get('x')).toBe('value');
      expect(await store.count('x')).toBe(5);
      expect(await store.range('x')).toEqual([{ member: 'member', score: 1 }]);
    });

    test('two servers do not see what the other one keeps', async () => {
      const [one, other] = [await open(), await open()];
      await one.set('key', 1);
      expect(await other.get('key')).toBeUndefined();
      const pages = other.scan('');
      for await (const page of pages) expect(page).toEqual([]);
    });

    test('a value is checked by its schema, and a wrong one is not repeated in the error', async () => {
      const store = await open();
      await store.set('key', { at: '2026-02-03T04:05:06.789Z', secret: 'hidden' });
      const Dated = z.object({ at: z.iso.datetime().transform((text) => new Date(text)) });
      expect(await store.get('key', { value: Dated })).toEqual({
        at: new Date('2026-02-03T04:05:06.789Z'),
      });
      const wrong = store.get('key', { value: z.object({ secret: z.number() }) });
      await expect(wrong).rejects.toThrow(/^A value is not what it should be: secret/);
      await expect(wrong).rejects.not.toThrow(/hidden/);
    });

    test('a value is set only where there is none, or only where there is one', async () => {
      const store = await open();
      await expect(store.set('key', 1, { only: 'present' })).rejects.toMatchObject(CONFLICT);
      await store.set('key', 1, { only: 'absent' });
      await expect(store.set('key', 2, { only: 'absent' })).rejects.toMatchObject(CONFLICT);
      await store.set('key', 3, { only: 'present' });
      expect(await store.get('key')).toBe(3);
    });

    test('of those who have read one version, one changes it', async () => {
      const store = await open();
      await store.set('key', 0);
      const changes = Array.from({ length: 20 }, async () => {
        const entry = await store.entry<number>('key');
        if (entry === undefined) throw new Error('nothing there');
        await store.set('key', entry.value + 1, { only: { version: entry.version } });
      });
      const ends = await Promise.allSettled(changes);
      const made = ends.filter(({ status }) => status === 'fulfilled').length;
      expect(made).toBeGreaterThan(0);
      expect(await store.get('key')).toBe(made);
      for (const end of ends) {
        if (end.status === 'rejected') expect(end.reason).toMatchObject(CONFLICT);
      }
    });

    test('a version is another one although the value is the same again', async () => {
      const store = await open();
      const first = await store.set('key', 'a');
      expect((await store.entry('key'))?.version).toBe(first);
      await store.set('key', 'b');
      await store.set('key', 'a');
      const only = { version: first };
      await expect(store.set('key', 'c', { only })).rejects.toMatchObject(CONFLICT);
      await expect(store.delete('key', { only })).rejects.toMatchObject(CONFLICT);
      const guessed = { version: '' };
      await expect(store.set('none', 'c', { only: guessed })).rejects.toMatchObject(CONFLICT);
    });

    test('what is deleted is gone, once', async () => {
      const store = await open();
      await store.set('key', 1);
      expect(await store.delete('key')).toBe(true);
      expect(await store.delete('key')).toBe(false);
      expect(await store.get('key')).toBeUndefined();
    });

    test('a value is gone after its time, and one that is set again has no such time', async () => {
      const store = await open();
      await store.set('short', 1, { ttlMs: 100 });
      await store.set('long', 1, { ttlMs: 100 });
      await store.set('long', 2);
      await expect.poll(() => store.get('short'), { timeout: 5_000 }).toBeUndefined();
      expect(await store.get('long')).toBe(2);
      for (const ttlMs of [0, -1, 1.5, Number.NaN]) {
        await expect(store.set('key', 1, { ttlMs })).rejects.toThrow(TypeError);
      }
    });

    test('changes are made together, and tell what each has done', async () => {
      const store = await open();
      await store.set('old', 1);
      const done = await store.write([
        { set: 'new', value: 1, only: 'absent' },
        { delete: 'old' },
        { delete: 'none' },
        { check: 'old', only: 'present' },
        { increment: 'count', by: -3 },
        { index: 'i', add: 'a', score: 1 },
        { index: 'i', add: 'a', score: 2 },
        { index: 'i', remove: 'none' },
      ]);
      expect(done).toEqual([1, 1, 0, 0, -3, 1, 0, 0]);
      expect(await store.write([])).toEqual([]);
    });

    test('one condition that does not hold undoes all changes', async () => {
      const store = await open();
      const version = await store.set('key', 1);
      const conflict = store.write([
        { set: 'other', value: 1 },
        { increment: 'count' },
        { index: 'i', add: 'a', score: 1 },
        { delete: 'key', only: { version } },
        { check: 'none', only: 'present' },
      ]);
      await expect(conflict).rejects.toMatchObject(CONFLICT);
      expect(await store.getMany(['key', 'other'])).toEqual([1, undefined]);
      expect(await store.count('count')).toBe(0);
      expect(await store.range('i')).toEqual([]);
    });

    test('counters miss nothing, and stop before they would be inexact', async () => {
      const store = await open();
      expect(await store.count('n')).toBe(0);
      await Promise.all(Array.from({ length: 50 }, () => store.increment('n')));
      expect(await store.count('n')).toBe(50);
      const most = Number.MAX_SAFE_INTEGER - 50;
      expect(await store.increment('n', most)).toBe(Number.MAX_SAFE_INTEGER);
      const beyond = store.write([{ set: 'key', value: 1 }, { increment: 'n' }]);
      await expect(beyond).rejects.toThrow(RangeError);
      expect(await store.get('key')).toBeUndefined();
      await expect(store.increment('n', 0.5)).rejects.toThrow(TypeError);
    });

    test("a counter's time begins with its first change", async () => {
      const store = await open();
      await store.increment('n', 1, { ttlMs: 150 });
      expect(await store.increment('n', 1, { ttlMs: 600_000 })).toBe(2);
      await expect.poll(() => store.count('n'), { timeout: 5_000 }).toBe(0);
    });

    describe('an index', () => {
      /** In their order: by score, then by bytes. */
      const members: Ranked[] = [
        { member: 'z', score: -2.5 },
        ...['', 'B', 'a', 'a\0', 'aa', 'b', 'á', '😀'].map((member) => ({ member, score: 0 })),
        { member: 'c', score: 1 },
        { member: 'd', score: 1_700_000_000_123 },
      ];
      const filled = async () => {
        const store = await open();
        const shuffled = members.toSorted((a, b) => (a.member < b.member ? 1 : -1));
        await store.write(
          shuffled.map(({ member, score }) => ({ index: 'i', add: member, score })),
        );
        return store;
      };

      test('has its members in the order of scores and bytes, both ways', async () => {
        const store = await filled();
        expect(await store.range('i')).toEqual(members);
        expect(await store.range('i', { descending: true })).toEqual(members.toReversed());
        expect(await store.range('i', { min: 0, max: 1 })).toEqual(members.slice(1, -1));
        expect(await store.range('i', { min: 0.5, descending: true, limit: 1 })).toEqual(
          members.slice(-1),
        );
        expect(await store.range('i', { min: 2, max: 1 })).toEqual([]);
        expect(await store.range('none')).toEqual([]);
      });

      test.each([1, 2, 3, 5, 100])('in pages of %i has each member once', async (limit) => {
        const store = await filled();
        for (const descending of [false, true]) {
          const seen: Ranked[] = [];
          for (let after: Ranked | undefined; ; after = seen.at(-1)) {
            const page = await store.range('i', { limit, after, descending });
            seen.push(...page);
            if (page.length < limit) break;
          }
          expect(seen).toEqual(descending ? members.toReversed() : members);
        }
      });

      test('goes on where it was, although the last member has gone or has another score', async () => {
        for (const [at, after] of members.entries()) {
          const store = await filled();
          await store.write([{ index: 'i', remove: after.member }]);
          expect(await store.range('i', { after })).toEqual(members.slice(at + 1));
          const back = { after, descending: true };
          expect(await store.range('i', back)).toEqual(members.slice(0, at).toReversed());
          await store.write([{ index: 'i', add: after.member, score: -100 }]);
          expect(await store.range('i', { after })).toEqual(members.slice(at + 1));
        }
      });

      test('takes no score that is no number', async () => {
        const store = await open();
        for (const score of [Number.NaN, Infinity]) {
          await expect(store.write([{ index: 'i', add: 'a', score }])).rejects.toThrow(TypeError);
        }
        await expect(store.range('i', { limit: 0 })).rejects.toThrow(TypeError);
      });
    });

    test('a scan finds every key with a prefix, in pages', async () => {
      const store = await open();
      const keys = Array.from({ length: 250 }, (_, n) => `a*:${n}`);
      await store.write([...keys, 'ab:1', 'b:1'].map((key) => ({ set: key, value: 1 })));
      const found = new Set<string>();
      for await (const page of store.scan('a*:', { batch: 10 }))
        for (const one of page) found.add(one);
      expect([...found].sort()).toEqual(keys.sort());
    });

    test('a request of a caller who has gone does not begin', async () => {
      const store = await open();
      const gone = AbortSignal.abort(new Error('gone'));
      await expect(store.set('key', 1, gone)).rejects.toThrow('gone');
      expect(await store.get('key')).toBeUndefined();
    });

    test('a database that cannot be reached is named as such, without its address', async () => {
      const env = fixture.away;
      const away = await openKeyValueStore(fixture, { env });
      const unavailable = {
        code: 'STORE_UNAVAILABLE',
        retryable: true,
        message: expect.not.stringContaining('secret'),
      };
      await expect(away.ping()).rejects.toMatchObject(unavailable);
      await expect(away.get('key')).rejects.toMatchObject(unavailable);
      // It was never sent, so it may be sent again.
      await expect(away.set('key', 1)).rejects.toMatchObject(unavailable);
      const app = await createTestApp(env, { parts: { store: fixture.part } });
      const { fetch } = createHttpHandler(app);
      const ready = await fetch(new Request('http://localhost/readyz'));
      expect(await ready.json()).toMatchObject({ checks: { datastore: 'unreachable' } });
    });

    test('spans name what is done and no key', async () => {
      const spans: unknown[] = [];
      const tracing = {
        query: async (statement: unknown, run: () => Promise<unknown>) => {
          spans.push(statement);
          return await run();
        },
      };
      const store = await openKeyValueStore(fixture, { tracing: tracing as never });
      await store.set('secret', 1);
      await store.get('secret');
      expect(spans).toEqual([
        { system: expect.any(String), text: 'WRITE' },
        { system: expect.any(String), text: 'GET' },
      ]);
    });
  });
}
