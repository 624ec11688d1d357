import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { elasticsearch } from '../../src/store/elasticsearch.js';
import { MAX_RESPONSE_BYTES } from '../../src/store/search-http.js';
import type { ElasticsearchStandIn } from '../../src/testing/elasticsearch.js';
import '../support/project.js';
import { openPart, readSettings } from '../support/app.js';
import { notes, openSearchStore, startStandIn } from '../support/search-stores.js';

async function open(changes: Record<string, string> = {}) {
  const cluster = await startStandIn();
  const store = openSearchStore({ DATABASE_URL: cluster.url, ...changes });
  await store.create(notes, { id: '1' });
  return { cluster, store };
}

const AWAY = { code: 'STORE_UNAVAILABLE', retryable: true };
/** Nobody knows whether the change was made. */
const UNCERTAIN = {
  code: 'STORE_UNAVAILABLE',
  retryable: false,
  message: expect.stringContaining('may have been made or not'),
};
const portOf = ({ url }: ElasticsearchStandIn) => Number(new URL(url).port);

test('a node that is killed is told, and used again when it is back', async () => {
  const { cluster, store } = await open();
  const port = portOf(cluster);
  await cluster.stop();
  await expect(store.get(notes, '1')).rejects.toMatchObject(AWAY);
  await expect(store.create(notes, { id: '2' })).rejects.toMatchObject(AWAY);
  await expect(store.ping()).rejects.toMatchObject(AWAY);
  await cluster.start(port);
  await store.ping();
  expect(await store.get(notes, '1')).toMatchObject({ document: { id: '1' } });
  await store.create(notes, { id: '2' });
  expect(await store.count(notes)).toBe(2);
});

test('a node that fails again and again is left alone for a while, but for probes', async () => {
  const { cluster, store } = await open();
  cluster.outage = { status: 503, body: '' };
  for (let call = 1; call <= 3; call += 1) {
    await expect(store.get(notes, '1')).rejects.toMatchObject(AWAY);
  }
  const asked = cluster.requests.length;
  await expect(store.get(notes, '1')).rejects.toMatchObject(AWAY);
  expect(cluster.requests).toHaveLength(asked);
  cluster.outage = undefined;
  await store.ping();
  expect(await store.get(notes, '1')).toBeDefined();
});

test('a server that starts before its cluster uses it as soon as it is there', async () => {
  const cluster = await startStandIn();
  const { url } = cluster;
  await cluster.stop();
  const store = openSearchStore({ DATABASE_URL: url });
  await expect(store.ping()).rejects.toMatchObject(AWAY);
  await cluster.start(Number(new URL(url).port));
  await store.ping();
  await store.create(notes, { id: '1' });
});

test('a frozen node costs the time limit, and what it was asked is cancelled', async () => {
  const { cluster, store } = await open({ DATABASE_TIMEOUT_MS: '200' });
  cluster.delayMs = 60_000;
  await expect(store.search(notes, { limit: 1 })).rejects.toMatchObject({
    code: 'STORE_TIMEOUT',
    retryable: true,
  });
  await expect(store.create(notes, { id: '2' })).rejects.toMatchObject(UNCERTAIN);
  await vi.waitFor(() => expect(cluster.cancelled).toBe(2));
  cluster.delayMs = 0;
  expect(await store.get(notes, '1')).toBeDefined();
});

test('a caller who goes ends the request', async () => {
  const { cluster, store } = await open();
  cluster.delayMs = 60_000;
  const gone = new AbortController();
  const search = store.search(notes, { limit: 1 }, gone.signal);
  const { length } = cluster.requests;
  await vi.waitFor(() => expect(cluster.requests).toHaveLength(length + 1));
  gone.abort(new Error('gone'));
  await expect(search).rejects.toThrow('gone');
  await vi.waitFor(() => expect(cluster.cancelled).toBe(1));
});

test('a change that was under way when its node was killed is not sent again', async () => {
  const { cluster, store } = await open();
  cluster.delayMs = 60_000;
  const writing = store.create(notes, { id: '2' });
  const told = expect(writing).rejects.toMatchObject(UNCERTAIN);
  await vi.waitFor(() => expect(cluster.requests.at(-1)).toContain('_create/2'));
  const asked = cluster.requests.length;
  await cluster.stop();
  await told;
  expect(cluster.requests).toHaveLength(asked);
});

test('an overloaded node is asked to read twice, to write once', async () => {
  const { cluster, store } = await open();
  const body = JSON.stringify({
    error: { type: 'es_rejected_execution_exception', reason: 'rejected execution' },
    status: 429,
  });
  cluster.outage = { status: 429, body };
  const busy = { code: 'STORE_BUSY', retryable: true };
  let asked = cluster.requests.length;
  await expect(store.search(notes, { limit: 1 })).rejects.toMatchObject(busy);
  expect(cluster.requests).toHaveLength(asked + 2);
  asked = cluster.requests.length;
  await expect(store.create(notes, { id: '2' })).rejects.toMatchObject(busy);
  expect(cluster.requests).toHaveLength(asked + 1);
});

test.each([
  ['a full disk', 429, 'cluster_block_exception', AWAY],
  ['no master', 503, 'master_not_discovered_exception', AWAY],
  ['a search that took too long', 504, 'search_timeout_exception', { code: 'STORE_TIMEOUT' }],
  ['a document that is too large', 413, 'none', { code: 'INVALID_INPUT' }],
])('%s has a code of its own', async (_, status, type, told) => {
  const { cluster, store } = await open();
  cluster.outage = { status, body: JSON.stringify({ error: { type, reason: '' }, status }) };
  await expect(store.get(notes, '1')).rejects.toMatchObject(told);
});

test.each([
  [200, '<html>Sign in</html>', AWAY],
  [502, '<html>Bad gateway</html>', AWAY],
])('a proxy that answers %i in HTML is no cluster', async (status, body, told) => {
  const { cluster, store } = await open();
  cluster.outage = { status, body };
  await expect(store.get(notes, '1')).rejects.toMatchObject(told);
  await expect(store.create(notes, { id: '2' })).rejects.toMatchObject(UNCERTAIN);
});

test('credentials that are revoked are told to nobody, and new ones may come back', async () => {
  const cluster = await startStandIn();
  cluster.authorization = 'ApiKey aWQ6a2V5';
  const env = { DATABASE_URL: cluster.url, DATABASE_API_KEY: 'aWQ6a2V5' };
  const error = vi.fn();
  const log = { error, info() {}, warn() {} } as never;
  const store = openSearchStore(env, { log });
  await store.create(notes, { id: '1' });
  cluster.authorization = 'ApiKey other';
  await expect(store.get(notes, '1')).rejects.toMatchObject({
    ...AWAY,
    message: 'The database is not available. Try again later.',
  });
  expect(error.mock.calls[0]?.[0].err.message).toContain('security_exception');
  expect(JSON.stringify(error.mock.calls)).not.toContain('aWQ6a2V5');
  cluster.authorization = 'ApiKey aWQ6a2V5';
  expect(await store.get(notes, '1')).toBeDefined();
});

test('user and password of the address are sent, decoded', async () => {
  const cluster = await startStandIn();
  cluster.authorization = `Basic ${btoa('elastic:p@ss,word')}`;
  const url = cluster.url.replace('//', '//elastic:p%40ss%2Cword@');
  await openSearchStore({ DATABASE_URL: url }).ping();
});

test('nodes take turns, and one that is away is passed over, also by changes', async () => {
  const [away, cluster] = [await startStandIn(), await startStandIn()];
  const DATABASE_URL = `${away.url}, ${cluster.url}`;
  await away.stop();
  const store = openSearchStore({ DATABASE_URL });
  for (let id = 1; id <= 6; id += 1) await store.create(notes, { id: String(id) });
  expect(await store.count(notes)).toBe(6);
});

test('a read that one node cannot answer goes to the next one', async () => {
  const { cluster, store } = await open();
  const broken = await startStandIn();
  for (const [name, index] of cluster.indices) broken.indices.set(name, index);
  const both = openSearchStore({ DATABASE_URL: `${broken.url},${cluster.url}` });
  await both.ping();
  broken.outage = { status: 503, body: '' };
  for (let call = 1; call <= 4; call += 1) expect(await both.get(notes, '1')).toBeDefined();
  expect(await store.count(notes)).toBe(1);
});

test('a red cluster is not ready', async () => {
  const { cluster, store } = await open();
  cluster.health = 'yellow';
  await store.ping();
  cluster.health = 'red';
  await expect(store.ping()).rejects.toMatchObject({
    ...AWAY,
    cause: { message: 'the cluster is red: a primary shard is missing' },
  });
});

test('an answer without end is given up', async () => {
  const { cluster, store } = await open();
  const body = JSON.stringify({ _source: { id: '1', title: 'x'.repeat(MAX_RESPONSE_BYTES) } });
  cluster.outage = { status: 200, body };
  await expect(store.get(notes, '1')).rejects.toMatchObject({ code: 'OUTPUT_TOO_LARGE' });
});

test('who waits for a place among the requests waits for three seconds at the most', async () => {
  const { cluster, store } = await open({ DATABASE_POOL_SIZE: '1', DATABASE_TIMEOUT_MS: '60000' });
  cluster.delayMs = 60_000;
  const gone = new AbortController();
  const first = store.get(notes, '1', gone.signal);
  const ended = expect(first).rejects.toThrow();
  await vi.waitFor(() => expect(cluster.requests.at(-1)).toContain('_doc/1'));
  await expect(store.create(notes, { id: '2' })).rejects.toMatchObject(AWAY);
  gone.abort();
  await ended;
  expect(cluster.requests.join()).not.toContain('_create/2');
}, 10_000);

test('searches see a change when the call returns, or later when that is enough', async () => {
  const { cluster, store } = await open();
  cluster.refreshMs = 50;
  await store.create(notes, { id: '2' }, { refresh: 'later' });
  expect(await store.count(notes)).toBe(1);
  expect(await store.get(notes, '2')).toBeDefined();
  await store.create(notes, { id: '3' });
  expect(await store.count(notes)).toBe(3);
});

test('an index that somebody deletes is made again, and never with another mapping', async () => {
  const { cluster, store } = await open();
  cluster.indices.clear();
  await expect(store.create(notes, { id: '2' })).rejects.toMatchObject(AWAY);
  expect(cluster.indices.size).toBe(0);
  await store.create(notes, { id: '2' });
  expect(cluster.indices.get('notes-1')?.mappings).toMatchObject({ dynamic: 'strict' });
});

test('connections are counted', async () => {
  const cluster = await startStandIn();
  const gauges = new Map<string, () => unknown>();
  const metrics = {
    gauge: (name: string, _: string, figure: () => unknown) => gauges.set(name, figure),
  } as never;
  const store = openSearchStore({ DATABASE_URL: cluster.url }, { metrics });
  await store.ping();
  await sleep(10);
  const counts = gauges.get('mcp_store_connections')?.();
  expect(counts).toEqual([
    [{ state: 'used' }, 0],
    [{ state: 'idle' }, 1],
  ]);
  expect(gauges.get('mcp_store_waiting')?.()).toBe(0);
});

test('operations have spans, without values', async () => {
  const cluster = await startStandIn();
  const seen: unknown[] = [];
  const tracing = {
    query: (statement: unknown, run: () => unknown) => {
      seen.push(statement);
      return run();
    },
  } as never;
  const store = openSearchStore({ DATABASE_URL: cluster.url }, { tracing });
  await store.create(notes, { id: 'secret' });
  expect(seen).toEqual([{ system: 'elasticsearch', text: 'create notes' }]);
});

test.each([
  [{ DATABASE_URL: 'ftp://elastic:secret@127.0.0.1' }, 'must be addresses'],
  [{ DATABASE_URL: 'http://elastic:secret@a:9200,b:9200' }, 'must be addresses'],
  [{ DATABASE_URL: 'http://elastic:sec,ret@a' }, 'must be addresses'],
  [{}, 'DATABASE_URL: is required'],
  [{ DATABASE_URL: 'http://a', DATABASE_INDEX_PREFIX: '*' }, 'DATABASE_INDEX_PREFIX: must be'],
  [{ DATABASE_URL: 'http://a', DATABASE_CA: 'secret' }, 'DATABASE_CA'],
  [{ DATABASE_URL: 'http://a', DATABASE_API_KEY: 'se cret' }, 'DATABASE_API_KEY: must be'],
])('settings %j are refused, without the password', (env, problem) => {
  const read = () => readSettings(elasticsearch(), env);
  expect(read).toThrow(problem);
  expect(read).toThrow(expect.objectContaining({ message: expect.not.stringMatching(/sec,?ret/) }));
});

test('a user and an API key are one too many', () => {
  const env = { DATABASE_URL: 'http://elastic:secret@a', DATABASE_API_KEY: 'aWQ6a2V5' };
  expect(() => openPart(elasticsearch(), env)).toThrow('DATABASE_API_KEY: leave it out');
});
