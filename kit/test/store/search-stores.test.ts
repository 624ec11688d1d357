import { describe, expect, test } from 'vitest';
import * as z from 'zod/v4';
import { type Query, query, searchable } from '../../src/store/search-index.js';
import '../support/project.js';
import { titled } from '../support/databases.js';
import { notes, openSearchStore, searchFixtures } from '../support/search-stores.js';

for (const fixture of searchFixtures) {
  describe.skipIf(fixture.why !== undefined)(titled(fixture.name, fixture.why), () => {
    const open = async () => openSearchStore(await fixture.env());
    const note = (id: string, title: string) => ({ id, title, search: searchable(title) });
    const titlesOf = (documents: readonly { title?: string | undefined }[]) =>
      documents.map(({ title }) => title);

    test('a document is read as it was written, and found at once', async () => {
      const store = await open();
      const document = {
        ...note('1', '\'); DROP -- \u{1f375} "q"'),
        createdAt: '2026-11-30T05:00:00.000Z',
        stars: 5,
      };
      const version = await store.create(notes, document);
      expect(await store.get(notes, '1')).toEqual({ document, version });
      expect(await store.search(notes, { limit: 10 })).toEqual({ documents: [document] });
      expect(await store.get(notes, '2')).toBeUndefined();
    });

    test('an id is data, whatever it says', async () => {
      const store = await open();
      for (const id of ['a/b', '../_all', '?x=1', '#', '%2e', '_search', 'ü "\\']) {
        await store.create(notes, { id }, { refresh: 'later' });
        expect((await store.get(notes, id))?.document).toEqual({ id });
        expect(await store.delete(notes, id, { refresh: 'later' })).toBe(true);
      }
      for (const id of ['', '.', '..', 'x'.repeat(513)]) {
        await expect(store.create(notes, { id })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      }
    });

    test('what exists is not created again, and what has changed is not overwritten', async () => {
      const store = await open();
      const first = await store.create(notes, note('1', 'a'));
      const conflict = { code: 'CONFLICT', retryable: false };
      await expect(store.create(notes, note('1', 'b'))).rejects.toMatchObject(conflict);
      await store.put(notes, note('1', 'c'), { ifVersion: first });
      const late = store.put(notes, note('1', 'd'), { ifVersion: first });
      await expect(late).rejects.toMatchObject(conflict);
      const gone = store.delete(notes, '1', { ifVersion: first });
      await expect(gone).rejects.toMatchObject(conflict);
      expect((await store.get(notes, '1'))?.document.title).toBe('c');
    });

    test('changes at the same time are all made', async () => {
      const store = await open();
      await store.create(notes, { id: '1', stars: 0 });
      await Promise.all([
        store.update(notes, '1', { title: 'a' }),
        store.update(notes, '1', { body: 'b' }),
        store.update(notes, '1', { stars: 1 }),
      ]);
      const document = { id: '1', title: 'a', body: 'b', stars: 1 };
      expect((await store.get(notes, '1'))?.document).toEqual(document);
      expect(await store.update(notes, '2', { stars: 1 })).toBeUndefined();
    });

    test('a document is deleted once', async () => {
      const store = await open();
      await store.create(notes, note('1', 'a'));
      expect(await store.delete(notes, '1')).toBe(true);
      expect(await store.delete(notes, '1')).toBe(false);
      expect(await store.count(notes)).toBe(0);
    });

    test('a text is found in any case, and wildcards are letters', async () => {
      const store = await open();
      const titles = ['Über Ärger', '100% grün', 'a*c', 'a?c', 'abc', 'a\\c', 'ΣΟΦΟΣ', 'x\ny'];
      await store.bulk(
        notes,
        titles.map((title, at) => ({ create: note(String(at), title) })),
      );
      const find = async (text: string) => {
        const wanted = query.contains('search', text);
        return titlesOf((await store.search(notes, { query: wanted, limit: 10 })).documents);
      };
      expect(await find('über ärger')).toEqual(['Über Ärger']);
      expect(await find('GRÜN')).toEqual(['100% grün']);
      expect(await find('*')).toEqual(['a*c']);
      expect(await find('?')).toEqual(['a?c']);
      expect(await find('\\')).toEqual(['a\\c']);
      expect(await find('\n')).toEqual(['x\ny']);
      expect(await find('{"match_all":{}}')).toEqual([]);
      expect(await find('')).toHaveLength(titles.length);
    });

    test('queries are put together', async () => {
      const store = await open();
      for (const stars of [1, 2, 3, 4]) {
        const createdAt = `2026-01-0${stars}T00:00:00.000Z`;
        const body = stars % 2 === 0 ? 'green tea' : 'black coffee';
        await store.put(notes, { id: `n${stars}`, stars, createdAt, body });
      }
      await store.put(notes, { id: 'm' });
      const find = async (wanted: Query) => {
        const { documents } = await store.search(notes, { query: wanted, limit: 10 });
        return documents.map(({ id }) => id);
      };
      expect(await find(query.is('stars', 2))).toEqual(['n2']);
      expect(await find(query.is('createdAt', new Date('2026-01-03')))).toEqual(['n3']);
      expect(await find(query.oneOf('id', ['n1', 'm']))).toEqual(['m', 'n1']);
      expect(await find(query.startsWith('id', 'n'))).toEqual(['n1', 'n2', 'n3', 'n4']);
      expect(await find(query.matches('body', 'TEA green'))).toEqual(['n2', 'n4']);
      expect(await find(query.range('stars', { gt: 1, lte: 3 }))).toEqual(['n2', 'n3']);
      const since = query.range('createdAt', { gte: new Date('2026-01-04') });
      expect(await find(since)).toEqual(['n4']);
      expect(await find(query.not(query.exists('stars')))).toEqual(['m']);
      const both = query.and(query.matches('body', 'tea'), query.not(query.is('stars', 2)));
      expect(await find(both)).toEqual(['n4']);
      expect(await find(query.or(query.is('stars', 1), query.is('id', 'm')))).toEqual(['m', 'n1']);
      expect(await find(query.or())).toEqual([]);
      expect(await store.count(notes, query.exists('body'))).toBe(4);
    });

    test('pages neither skip nor repeat documents of one rank', async () => {
      const store = await open();
      const documents = Array.from({ length: 25 }, (_, at) => ({ id: `n${at}`, stars: at % 3 }));
      await store.bulk(
        notes,
        documents.map((one) => ({ create: one })),
      );
      const seen: string[] = [];
      let after: Parameters<typeof store.search>[1]['after'];
      do {
        const page = await store.search(notes, { sort: [['stars', 'desc']], after, limit: 4 });
        seen.push(...page.documents.map(({ id }) => id));
        after = page.next;
      } while (after !== undefined);
      const wanted = documents.toSorted((a, b) => b.stars - a.stars || (a.id < b.id ? -1 : 1));
      expect(seen).toEqual(wanted.map(({ id }) => id));
      const all: string[] = [];
      for await (const { id } of store.all(notes)) all.push(id);
      expect(all).toEqual(documents.map(({ id }) => id).sort());
    });

    test('a cursor that no page has given is refused', async () => {
      const store = await open();
      for (const after of [[], ['a', 'b'], [{ script: '' }]]) {
        const search = store.search(notes, { after: after as string[], limit: 1 });
        await expect(search).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      }
    });

    test('one operation of many may fail', async () => {
      const store = await open();
      await store.create(notes, note('1', 'a'));
      const outcomes = await store.bulk(notes, [
        { create: note('1', 'b') },
        { put: note('2', 'c') },
        { delete: '1' },
        { delete: 'none' },
      ]);
      expect(outcomes).toMatchObject([
        { id: '1', error: { code: 'CONFLICT' } },
        { id: '2' },
        { id: '1' },
        { id: 'none' },
      ]);
      expect(outcomes.filter(({ error }) => error !== undefined)).toHaveLength(1);
      const { documents } = await store.search(notes, { limit: 10 });
      expect(titlesOf(documents)).toEqual(['c']);
    });

    test('what does not fit the mapping is refused by the name of its field, without its value', async () => {
      const store = await open();
      const long = 'x'.repeat(40_000);
      await expect(store.create(notes, { id: '1', title: long })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: 'The field title does not fit the mapping of its index.',
      });
      const wrong = { id: '1', nothing: 1 } as object as { id: string };
      const loose = { ...notes, document: z.looseObject({ id: z.string() }) };
      await expect(store.create(loose, wrong)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    });

    test.each(['a\0b', 'a\ud83d'])('%j is refused by the name of its field', async (title) => {
      const store = await open();
      const refused = {
        code: 'INVALID_INPUT',
        text: title,
        suggestions: ['Send the text in title without it.'],
      };
      await expect(store.create(notes, { id: '1', title })).rejects.toMatchObject(refused);
      expect(() => query.contains('search', title)).toThrow('cannot be stored');
    });

    test('servers that start at once make each index once', async () => {
      const env = await fixture.env();
      const stores = [openSearchStore(env), openSearchStore(env), openSearchStore(env)];
      await Promise.all(stores.map((store) => store.ping()));
      await stores[0]?.create(notes, note('1', 'a'));
      expect(await stores[2]?.count(notes)).toBe(1);
    });

    test('a caller who has gone starts nothing', async () => {
      const store = await open();
      const write = store.create(notes, note('1', 'a'), { signal: AbortSignal.abort() });
      await expect(write).rejects.toThrow('aborted');
      expect(await store.get(notes, '1')).toBeUndefined();
    });

    test('a mistake in a query is no reason to call again', async () => {
      const store = await open();
      const search = store.search(notes, { sort: [['nothing', 'asc']], limit: 1 });
      await expect(search).rejects.not.toHaveProperty('retryable');
    });
  });
}

test('JSON that somebody sends is no query, and a pattern no field', () => {
  const sent = { script: { script: 'while (true) {}' } } as object as Query;
  expect(() => query.and(sent)).toThrow('A query is made with');
  const value = { query: 'x', boost: 9 } as unknown as string;
  expect(() => query.is('title', value)).toThrow(TypeError);
  expect(() => query.matches('title', value)).toThrow(TypeError);
  for (const field of ['*', 'a,b', '', 'title^9', '__proto__"']) {
    expect(() => query.is(field, 'x')).toThrow('is not the name of a field');
  }
});
