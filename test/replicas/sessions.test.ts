/** Sessions of clients of 2025 over several replicas: every request of one may go to any of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  ElicitRequestSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Fleet, KEYS, sessionsProject, startFleet } from '../support/fleet.js';
import { begin, follow, send } from '../support/old-client.js';
import { rpc } from '../support/rpc.js';
import type { RunningHttp } from '../support/server.js';
import { answerOf, call, messagesIn, readUntil, said } from '../support/session-probes.js';

const RECENT = 'notes://recent';
const until = { timeout: 10_000, interval: 50 };

const stepsIn = (text: string) =>
  [...text.matchAll(/"progress":(\d+)/g)].map(([, step]) => Number(step));

describe.each([2, 4])('%i replicas', (size) => {
  let fleet: Fleet;
  beforeAll(async () => {
    const env = { MAX_SESSIONS_PER_CALLER: '1000', MAX_CONCURRENT_CALLS: '1000' };
    fleet = await startFleet(size, env, sessionsProject());
  });
  afterAll(() => fleet?.stop());

  /** One after the other, beginning anew after the last. */
  const at = (n: number) => (fleet.replicas[n % size] as RunningHttp).url;
  const everywhere = () => fleet.replicas.map(({ url }) => url);

  const work = async (url: string, session: string, id: number) =>
    said(await answerOf(await send(url, { session, body: call('wait', { ms: 0 }, id) })));

  test('clients of all generations work at once, are asked, and hear, without a replica of their own', async () => {
    const { url, requests } = fleet.balancer;
    requests.clear();
    const headers = { authorization: `Bearer ${KEYS.alice}` };
    const requestInit = { headers };
    const answers = () => {
      const left = [{ name: 'Ada' }, { colour: 'blue' }];
      return () => ({ action: 'accept' as const, content: left.shift() ?? {} });
    };
    const old = async () => {
      const client = new OldClient(
        { name: 'old', version: '1.0.0' },
        { capabilities: { elicitation: {} } },
      );
      client.setRequestHandler(ElicitRequestSchema, answers());
      const heard: string[] = [];
      client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
        heard.push(params.uri);
      });
      const transport = new OldTransport(new URL(url), { requestInit });
      await client.connect(transport as Parameters<OldClient['connect']>[0]);
      expect(transport.sessionId).toMatch(/^[\w-]{43}$/);
      onTestFinished(() => client.close());
      return { client: client as unknown as Client, heard };
    };
    const young = async () => {
      const client = new Client(
        { name: 'new', version: '1.0.0' },
        { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: 'legacy' } },
      );
      client.setRequestHandler('elicitation/create', answers());
      const heard: string[] = [];
      client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
        heard.push(params.uri);
      });
      const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit });
      await client.connect(transport);
      expect(transport.sessionId).toMatch(/^[\w-]{43}$/);
      onTestFinished(() => client.close());
      return { client, heard };
    };
    const clients = await Promise.all([old(), young(), old(), young()]);
    await Promise.all(
      clients.map(async ({ client }, n) => {
        const asked = await client.callTool({ name: 'ask_person', arguments: {} });
        expect(asked.structuredContent).toEqual({ said: 'Ada likes blue' });
        for (let i = 0; i < 10; i += 1) {
          const word = `-${n}-${i}`;
          const waited = await client.callTool({ name: 'wait', arguments: { ms: i * 5, word } });
          expect(waited.structuredContent).toEqual({ said: `alice${word}` });
          const caller = { url, key: KEYS.bob, era: '2026-07-28' as const };
          const answer = await rpc(caller, 'tools/call', {
            name: 'wait',
            arguments: { ms: 0, word },
          });
          expect(said(answer)).toBe(`bob${word}`);
        }
      }),
    );
    await Promise.all(clients.map(({ client }) => client.subscribeResource({ uri: RECENT })));
    // Until their streams are there, nobody can hear; and what tells whether they are has to have passed.
    for (const { heard } of clients) {
      const hears = async () => {
        if (heard.length === 0) await change(at(0));
        await sleep(100);
        return heard.length;
      };
      await expect.poll(hears, until).toBeGreaterThan(0);
    }
    const all = () => clients.flatMap(({ heard }) => heard).length;
    const more = async () => {
      const before = all();
      await sleep(800);
      return all() - before;
    };
    await expect.poll(more, until).toBe(0);
    for (const { heard } of clients) heard.length = 0;
    for (const { client, heard } of clients) {
      const before = clients.map((one) => one.heard.length);
      const note = { title: 'heard', body: '' };
      await client.callTool({ name: 'create_note', arguments: note });
      await expect.poll(() => heard.length, until).toBe((before[0] ?? 0) + 1);
    }
    await sleep(300);
    for (const { heard } of clients) expect(heard).toEqual(Array(clients.length).fill(RECENT));
    expect(requests.size).toBe(size);
  });

  test('an answer to a question reaches the call, wherever the client sends it', async () => {
    for (const n of everywhere().keys()) {
      const session = await begin(at(n));
      const asked = follow(await send(at(n + 1), { session, body: call('ask_person') }));
      const contents = [{ name: 'Ada' }, { colour: 'blue' }];
      for (const [round, content] of contents.entries()) {
        await expect
          .poll(() => asked.messages().filter((one) => 'method' in one).length, until)
          .toBe(round + 1);
        const question = asked.messages().at(-1)?.id;
        const result = { action: 'accept', content };
        const body = { jsonrpc: '2.0', id: question, result };
        expect((await send(at(n + 2 + round), { session, body })).status).toBe(202);
      }
      await asked.ended;
      expect(said(asked.messages().at(-1))).toBe('Ada likes blue');
    }
  });

  test('a call is cancelled wherever the client says so, and its id is free again everywhere', async () => {
    const session = await begin(at(0));
    const body = call('wait', { ms: 20_000, word: 'cancel' });
    const underWay = follow(await send(at(0), { session, body }));
    await expect.poll(() => underWay.messages().length, until).toBeGreaterThan(1);
    const cancel = {
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: 7, reason: 'enough' },
    };
    const started = performance.now();
    expect((await send(at(1), { session, body: cancel })).status).toBe(202);
    await underWay.ended;
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(underWay.messages().filter((one) => 'result' in one || 'error' in one)).toEqual([]);
    const { stderr } = fleet.replicas[0] as RunningHttp;
    await expect.poll(stderr, until).toMatch(/"word":"cancel".*STOPPED WAITING/);
    for (const url of everywhere()) expect(await work(url, session, 7)).toBe('alice');
  });

  test('a second request with the id of one under way is refused everywhere', async () => {
    const session = await begin(at(0));
    const body = call('wait', { ms: 2_000, word: '1' });
    const first = follow(await send(at(0), { session, body }));
    await expect.poll(() => first.messages().length, until).toBeGreaterThan(0);
    for (const url of everywhere()) {
      const second = await send(url, { session, body: call('wait', { ms: 0, word: '2' }) });
      expect(second.status).toBe(400);
    }
    await first.ended;
    expect(said(first.messages().at(-1))).toBe('alice1');
    for (const url of everywhere()) expect(await work(url, session, 7)).toBe('alice');
  });

  /** Makes a change at a replica, as somebody else. */
  const change = async (url: string) => {
    const call = { name: 'create_note', arguments: { title: 'change', body: '' } };
    const answer = await rpc({ url, key: KEYS.bob, era: '2026-07-28' }, 'tools/call', call);
    expect(answer.result?.isError).not.toBe(true);
  };
  const subscribe = async (url: string, session: string, method = 'subscribe') => {
    const body = {
      jsonrpc: '2.0',
      id: 'sub',
      method: `resources/${method}`,
      params: { uri: RECENT },
    };
    expect((await answerOf(await send(url, { session, body })))?.result).toEqual({});
  };
  const EACH = ['notifications/resources/list_changed', RECENT];
  const sorted = (updates: readonly unknown[]) => [...updates].sort();
  const times = (n: number) => sorted(Array.from({ length: n }, () => EACH).flat());

  test('a change at any replica reaches each stream once, wherever that is and wherever was subscribed', async () => {
    const streams = await Promise.all(
      everywhere().map(async (_, n) => {
        const session = await begin(at(n));
        const stream = follow(await send(at(n + 1), { session, method: 'GET' }));
        await subscribe(at(n + 2), session);
        return { session, stream };
      }),
    );
    for (const url of everywhere()) await change(url);
    for (const { stream } of streams) {
      await expect.poll(() => sorted(stream.updates()), until).toEqual(times(size));
    }
    const [first] = streams;
    await subscribe(at(0), first?.session ?? '', 'unsubscribe');
    await change(at(1));
    for (const { stream } of streams.slice(1)) {
      await expect.poll(() => sorted(stream.updates()), until).toEqual(times(size + 1));
    }
    await sleep(200);
    expect(first?.stream.updates().filter((one) => one === RECENT)).toHaveLength(size);
  });

  test('what changes while nobody reads is told once when the stream is taken up again elsewhere', async () => {
    const session = await begin(at(0));
    await subscribe(at(1), session);
    const lost = follow(await send(at(0), { session, method: 'GET' }));
    await change(at(0));
    await expect.poll(() => sorted(lost.updates()), until).toEqual(times(1));
    let place = lost.lastEvent();
    await lost.leave();
    for (const [n, url] of [...everywhere(), at(0)].entries()) {
      for (const each of everywhere()) await change(each);
      const headers = { 'last-event-id': place };
      const taken = follow(await send(url, { session, method: 'GET', headers }));
      await expect.poll(() => sorted(taken.updates()), until).toEqual(times(size));
      await change(at(n + 1));
      await expect.poll(() => sorted(taken.updates()), until).toEqual(times(size + 1));
      await sleep(100);
      expect(sorted(taken.updates())).toEqual(times(size + 1));
      place = taken.lastEvent();
      await taken.leave();
    }
  });

  test('of two streams of changes the newer one holds, wherever they are', async () => {
    const session = await begin(at(0));
    await subscribe(at(0), session);
    let older = follow(await send(at(0), { session, method: 'GET' }));
    for (const url of [...everywhere().slice(1), at(0), at(0)]) {
      const newer = follow(await send(url, { session, method: 'GET' }));
      await older.ended;
      await change(at(1));
      await expect.poll(() => sorted(newer.updates()), until).toEqual(times(1));
      expect(older.isOver()).toBe(true);
      older = newer;
    }
  });

  test('a stream before anything was sent on it is taken up again elsewhere, too', async () => {
    const session = await begin(at(0));
    await subscribe(at(1), session);
    const lost = follow(await send(at(0), { session, method: 'GET' }));
    await expect.poll(lost.lastEvent, until).not.toBe('');
    await lost.leave();
    await change(at(0));
    const headers = { 'last-event-id': lost.lastEvent() };
    const taken = follow(await send(at(1), { session, method: 'GET', headers }));
    await expect.poll(() => sorted(taken.updates()), until).toEqual(times(1));
  });

  test.each([
    ['while the call is under way', 0],
    ['when it is over', 1_200],
  ])('the stream of a call is taken up again elsewhere %s', async (_, pause) => {
    const session = await begin(at(0));
    const lost = new AbortController();
    const { signal } = lost;
    const body = call('wait', { ms: 1_000, word: '!' });
    const response = await send(at(0), { session, body, signal });
    const text = await readUntil(response, /"progress":50/);
    lost.abort();
    const [, event = ''] = [...text.matchAll(/^id: (.+)$/gm)].at(-1) ?? [];
    await sleep(pause);
    const headers = { 'last-event-id': event };
    const rest = await (await send(at(1), { session, method: 'GET', headers })).text();
    expect(said(messagesIn(rest).at(-1))).toBe('alice!');
    expect([...stepsIn(text), ...stepsIn(rest)]).toEqual(
      Array.from({ length: 20 }, (_, n) => n * 50),
    );
    // Any number of times.
    const again = await (await send(at(2), { session, method: 'GET', headers })).text();
    expect(again).toBe(rest);
  });

  test('a stream that is taken up again elsewhere tells what a call says when it says it', async () => {
    const session = await begin(at(0));
    const body = call('wait', { ms: 20_000 }, 9);
    const lost = follow(await send(at(0), { session, body }));
    await expect.poll(() => lost.messages().length, until).toBeGreaterThan(1);
    const headers = { 'last-event-id': lost.lastEvent() };
    const taken = follow(await send(at(1), { session, method: 'GET', headers }));
    // Every 10 s it is looked whether there is something new; that would be too late.
    await expect.poll(() => taken.messages().length, { timeout: 2_000 }).toBeGreaterThan(10);
    expect((await send(at(0), { session, method: 'DELETE' })).status).toBe(200);
    await taken.ended;
  });

  test('an event of another session is not found anywhere', async () => {
    const session = await begin(at(0));
    const other = await begin(at(0), KEYS.bob);
    const stream = follow(await send(at(0), { session, body: call('wait', { ms: 0 }) }));
    await stream.ended;
    for (const url of everywhere()) {
      const headers = { 'last-event-id': stream.lastEvent() };
      const answer = await send(url, { session: other, key: KEYS.bob, method: 'GET', headers });
      expect(answer.status).toBe(400);
      expect(await answer.text()).not.toContain('alice');
    }
  });

  test('a session that its client ends is over everywhere, with its calls and streams', async () => {
    const session = await begin(at(0));
    const stream = follow(await send(at(0), { session, method: 'GET' }));
    const body = call('wait', { ms: 20_000, word: 'deleted' });
    const underWay = follow(await send(at(0), { session, body }));
    await expect.poll(() => underWay.messages().length, until).toBeGreaterThan(1);
    expect((await send(at(1), { session, method: 'DELETE' })).status).toBe(200);
    await Promise.all([stream.ended, underWay.ended]);
    expect(said(underWay.messages().at(-1))).toBeUndefined();
    const { stderr } = fleet.replicas[0] as RunningHttp;
    await expect.poll(stderr, until).toMatch(/"word":"deleted".*STOPPED WAITING/);
    for (const url of everywhere()) {
      for (const method of ['GET', 'DELETE']) {
        expect((await send(url, { session, method })).status).toBe(404);
      }
      expect((await send(url, { session, body: call('wait', { ms: 0 }) })).status).toBe(404);
    }
  });

  test('for others a session is not there, at any replica', async () => {
    const session = await begin(at(0));
    const key = KEYS.bob;
    for (const url of everywhere()) {
      for (const method of ['POST', 'GET', 'DELETE']) {
        const body = method === 'POST' ? { body: call('wait', { ms: 0 }) } : {};
        const others = await send(url, { session, key, method, ...body });
        const nobodys = await send(url, { session: 'A'.repeat(43), key, method, ...body });
        expect([others.status, await others.text()]).toEqual([404, await nobodys.text()]);
        expect((await send(url, { session, key: 'wrong', method, ...body })).status).toBe(401);
      }
    }
    for (const url of everywhere()) expect(await work(url, session, 1)).toBe('alice');
  });

  test('what is in Redis does not open a session', async () => {
    const session = await begin(at(0));
    await work(at(1), session, 1);
    const keys = await fleet.redis.command('KEYS *');
    expect(keys).toContain('{sessions}:s:');
    const values = await Promise.all(
      [...keys.matchAll(/^hostile:\{sessions\}:s:.+$/gm)].map(([key]) =>
        fleet.redis.command(`HGETALL ${key.trim()}`),
      ),
    );
    for (const secret of [session, KEYS.alice]) expect(`${keys}${values}`).not.toContain(secret);
    for (const key of keys.matchAll(/\{sessions\}:s:(\S+)/g)) {
      expect((await send(at(0), { session: key[1] ?? '', method: 'GET' })).status).toBe(404);
    }
  });
});
