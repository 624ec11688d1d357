import { describe, expect, test } from 'vitest';
import { startStandIn } from '../../src/testing/stand-in.js';

const api = await startStandIn(new URL('../fixtures/remote-api.mjs', import.meta.url));
const get = (path: string, headers = {}) => fetch(api.url + path, { headers });

describe('a stand-in', () => {
  test('answers as its script says, with an ETag that can be asked for', async () => {
    const response = await get('/items?page=2');
    expect(await response.json()).toEqual({ page: '2' });
    const etag = response.headers.get('etag') ?? '';
    expect((await get('/items?page=2', { 'if-none-match': etag })).status).toBe(304);
    expect((await get('/items?page=3', { 'if-none-match': etag })).status).toBe(200);
    expect((await get('/other')).status).toBe(404);
  });

  test('fails and waits as a test says, so many times', async () => {
    await api.next({ status: 503, headers: { 'retry-after': '1' }, times: 2 });
    const failed = await get('/items');
    expect([failed.status, failed.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await get('/items')).status).toBe(503);
    await api.next({ delayMs: 50 });
    expect((await get('/items')).status).toBe(200);
  });

  test('tells what it was asked', async () => {
    await fetch(`${api.url}/items`, { method: 'POST', body: '{"a":1}' });
    expect(await api.requests()).toMatchObject([
      { method: 'POST', path: '/items', body: { a: 1 } },
    ]);
  });

  test('begins each test anew', async () => {
    expect(await api.requests()).toEqual([]);
    await api.next({ status: 500, times: 99 });
  });

  test('begins it anew also when something was left', async () => {
    expect((await get('/items')).status).toBe(200);
  });

  test('refuses what is no JSON, and goes on', async () => {
    const post = (body: string) => fetch(`${api.url}/items`, { method: 'POST', body });
    expect((await post('{')).status).toBe(400);
    expect((await get('/items')).status).toBe(200);
  });
});

test('a script that prints no address is told by its name', async () => {
  const script = new URL('../fixtures/silent.mjs', import.meta.url);
  await expect(startStandIn(script)).rejects.toThrow('silent.mjs ended before');
});
