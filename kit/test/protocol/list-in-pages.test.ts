import { expect, test } from 'vitest';
import { Cursors, type PagePosition } from '../../src/calls/client-state.js';
import { nodeHost } from '../../src/host/node/host.js';
import { listInPages, type ResourceList } from '../../src/protocol/features.js';

const alice = { id: 'alice', scopes: [] };

const names = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, n) => ({ uri: `${prefix}:${n}`, name: `${n}` }));

/** A list that gives everything, whatever page is wanted. */
const whole = (name: string, count: number): ResourceList => ({
  name,
  list: async () => names(name, count),
});

/** A list that gives what is wanted. */
const paged = (name: string, count: number): ResourceList => ({
  name,
  async list({ after, limit }) {
    const all = names(name, count);
    const begin = all.findIndex(({ uri }) => uri === after) + 1;
    return all.slice(begin, begin + limit);
  },
});

async function pagesOf(lists: readonly ResourceList[]): Promise<string[][]> {
  const pages: string[][] = [];
  let from: PagePosition | undefined;
  do {
    const { resources, next } = await listInPages(lists, from);
    pages.push(resources.map(({ uri }) => uri));
    from = next;
  } while (from !== undefined && pages.length < 20);
  return pages;
}

test.each([
  ['one short list', [whole('a', 3)]],
  ['an empty one first', [whole('a', 0), paged('b', 5)]],
  ['a long one', [whole('a', 250)]],
  ['a long one in pages', [paged('a', 250)]],
  ['exactly one page', [paged('a', 100), whole('b', 100)]],
  ['several', [whole('a', 7), paged('b', 199), whole('c', 101), paged('d', 1)]],
])('every resource is on one page: %s', async (_, lists) => {
  const pages = await pagesOf(lists);
  const all = await Promise.all(lists.map(({ list }) => list({ limit: 1_000 })));
  expect(pages.flat()).toEqual(all.flat().map(({ uri }) => uri));
  for (const page of pages) expect(page.length).toBeLessThanOrEqual(100);
});

test('a list that is not there any more is no place', async () => {
  await expect(listInPages([whole('a', 1)], { list: 'gone' })).rejects.toMatchObject({
    code: 'INVALID_CURSOR',
  });
});

test('a cursor is good for its caller, as it was given out, under the same secret', () => {
  const place = { list: 'notes', after: 'note:///secret' };
  const cursors = new Cursors(nodeHost, 'x'.repeat(32));
  const cursor = cursors.seal(place, alice);
  expect(cursors.open(cursor, alice)).toEqual(place);
  expect(new Cursors(nodeHost, 'x'.repeat(32)).open(cursor, alice)).toEqual(place);
  expect(Buffer.from(cursor, 'base64url').toString('latin1')).not.toContain('secret');

  const invalid = expect.objectContaining({ code: 'INVALID_CURSOR' });
  const changed = (cursor.startsWith('A') ? 'B' : 'A') + cursor.slice(1);
  for (const wrong of ['', 'x', changed, `${cursor}AAAA`, cursor.slice(0, -4)]) {
    expect(() => cursors.open(wrong, alice)).toThrow(invalid);
  }
  expect(() => cursors.open(cursor, { id: 'bob', scopes: [] })).toThrow(invalid);
  expect(() => new Cursors(nodeHost).open(cursor, alice)).toThrow(invalid);
});
