import { expect, test } from 'vitest';
import * as z from 'zod/v4';
import { bearer } from '../../src/outbound/credentials.js';
import { byCursor, byLink, byNumber, pagesOf } from '../../src/outbound/pages.js';
import { clientOf, remote, sendJson } from '../support/remote.js';

const { signal } = new AbortController();
const schema = z.object({ items: z.array(z.number()), next: z.string().nullish() });
type Data = z.output<typeof schema>;

async function all(pages: AsyncIterable<{ data: Data; hasMore: boolean }>) {
  const items: number[] = [];
  let isComplete = true;
  for await (const { data, hasMore } of pages) {
    items.push(...data.items);
    isComplete = !hasMore;
  }
  return { items, isComplete };
}

/** Three pages of one item, with every kind of pointer to the next one. */
const list = () =>
  remote((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://localhost');
    const page = Number(searchParams.get('page') ?? searchParams.get('cursor') ?? 1);
    const link = `</list?page=9>; rel="last", <?page=${page + 1}&size=1>; title="a, b"; rel="next"`;
    const next = page < 3 ? String(page + 1) : null;
    sendJson(response, { items: [page], next }, page < 3 ? { link } : {});
  });

test.each([
  ['links', byLink],
  ['cursors', byCursor<Data>(({ next }) => next)],
  ['numbers', byNumber<Data>(({ next }) => next != null)],
])('pages by %s are read one after the other, with the same filters', async (kind, next) => {
  const { url, requests } = await list();
  const { api } = clientOf(url);
  const request = { schema, signal, next, query: { size: 1 } };
  expect(await all(pagesOf(api, '/list', request))).toEqual({ items: [1, 2, 3], isComplete: true });
  expect(
    requests.filter((one) => one.url?.includes('size=1')),
    kind,
  ).toHaveLength(3);
});

test('pages end where they are to end, and the last one says that there are more', async () => {
  const { url, requests } = await list();
  const { api } = clientOf(url);
  const pages = pagesOf(api, '/list', { schema, signal, next: byLink, maxPages: 2 });
  expect(await all(pages)).toEqual({ items: [1, 2], isComplete: false });
  expect(requests).toHaveLength(2);
});

test('nothing is read that nobody wants', async () => {
  const { url, requests } = await list();
  for await (const { data } of pagesOf(clientOf(url).api, '/list', {
    schema,
    signal,
    next: byLink,
  })) {
    expect(data.items).toEqual([1]);
    break;
  }
  expect(requests).toHaveLength(1);
});

test('pages that lead in a circle end', async () => {
  const { url, requests } = await remote((_, response) =>
    sendJson(response, { items: [1], next: 'same' }),
  );
  const next = byCursor<Data>((data) => data.next);
  const pages = pagesOf(clientOf(url).api, '/', { schema, signal, next });
  await expect(all(pages)).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
  expect(requests).toHaveLength(2);
});

test.each(['//evil.example/list', 'http://127.0.0.1:1/list', '/v1/../admin', '/v10/list'])(
  'a link to %s is not followed: the credential belongs to the API',
  async (target) => {
    const { url, requests } = await remote((_, response) =>
      sendJson(response, { items: [1] }, { link: `<${target}>; rel=next` }),
    );
    const { api } = clientOf(`${url}/v1`, { credential: bearer('secret') });
    const pages = pagesOf(api, '/list', { schema, signal, next: byLink });
    await expect(all(pages)).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
    expect(requests).toHaveLength(1);
  },
);
