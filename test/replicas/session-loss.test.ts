/** A replica or the Redis that keeps the sessions goes away; and what bounds sessions over a fleet. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import pg from 'pg';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Fleet, KEYS, sessionsProject, startFleet } from '../support/fleet.js';
import { begin, follow, send } from '../support/old-client.js';
import { rpc } from '../support/rpc.js';
import type { RunningHttp } from '../support/server.js';
import { answerOf, call, INITIALIZE, said } from '../support/session-probes.js';

const RECENT = 'notes://recent';
const until = { timeout: 15_000, interval: 100 };

let fleet: Fleet;
afterEach(() => fleet?.stop());

const at = (n: number) => (fleet.replicas[n] as RunningHttp).url;
const start = async (size: number, env: Readonly<Record<string, string>> = {}) => {
  fleet = await startFleet(size, { RATE_LIMIT_ON_ERROR: 'open', ...env }, sessionsProject());
};
const ask = async (url: string, session: string, id = 1, key: string = KEYS.alice) =>
  said(await answerOf(await send(url, { key, session, body: call('wait', { ms: 0 }, id) })));
const statusOf = async (
  url: string,
  session: string,
  key: string = KEYS.alice,
  id: string | number = 'status',
) => {
  const answer = await send(url, { key, session, body: call('wait', { ms: 0 }, id) });
  await answer.text();
  return answer.status;
};
const subscribe = async (url: string, session: string) => {
  const body = { jsonrpc: '2.0', id: 0, method: 'resources/subscribe', params: { uri: RECENT } };
  expect((await answerOf(await send(url, { session, body })))?.result).toEqual({});
};
const change = async (url: string) => {
  const call = { name: 'create_note', arguments: { title: 'change', body: '' } };
  await rpc({ url, key: KEYS.bob, era: '2026-07-28' }, 'tools/call', call);
};

describe('a replica that is killed', () => {
  test('under load loses no call that it has answered; its sessions go on at the others', async () => {
    await start(3);
    const requestInit = { headers: { authorization: `Bearer ${KEYS.alice}` } };
    const clients = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const client = new OldClient({ name: 'old', version: '1.0.0' });
        const heard: string[] = [];
        client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
          heard.push(params.uri);
        });
        const url = new URL(fleet.balancer.url);
        const transport = new OldTransport(url, { requestInit });
        await client.connect(transport as Parameters<typeof client.connect>[0]);
        onTestFinished(() => client.close());
        await client.subscribeResource({ uri: RECENT });
        return { client, transport, heard, session: transport.sessionId };
      }),
    );
    const end = performance.now() + 4_000;
    const answered: string[] = [];
    let lost = 0;
    const timer = setTimeout(() => (fleet.replicas[0] as RunningHttp).child.kill('SIGKILL'), 1_000);
    const write = async ({ client }: (typeof clients)[number], worker: number) => {
      for (let n = 0; performance.now() < end; n += 1) {
        const title = `killed-${worker}-${n}.`;
        const made = { name: 'create_note', arguments: { title, body: '' } };
        const isAnswered = await client
          .callTool(made, undefined, { timeout: 1_500 })
          .then(({ isError }) => isError !== true)
          .catch(() => false);
        if (isAnswered) answered.push(title);
        else lost += 1;
      }
    };
    await Promise.all(clients.map(write));
    clearTimeout(timer);
    const database = new pg.Client({ connectionString: fleet.database.url });
    await database.connect();
    const { rows } = await database.query<{ title: string }>('SELECT title FROM notes');
    await database.end();
    const written = new Set(rows.map(({ title }) => title));
    for (const title of answered) expect(written).toContain(title);
    // At the most what was under way there at that moment.
    expect(lost).toBeLessThanOrEqual(clients.length);
    expect(answered.length).toBeGreaterThan(30);
    for (const { transport, session } of clients) expect(transport.sessionId).toBe(session);
    // Those whose stream was there have opened another one, and hear of every change once.
    await expect
      .poll(async () => {
        const before = clients.map(({ heard }) => heard.length);
        await change(at(1));
        await sleep(300);
        return clients.map(({ heard }, n) => heard.length - (before[n] ?? 0));
      }, until)
      .toEqual(clients.map(() => 1));
  });

  test('blocks neither the stream that it had nor the ids of its calls, and what it had kept is told', async () => {
    await start(2);
    const session = await begin(at(0));
    await subscribe(at(1), session);
    const stream = follow(await send(at(0), { session, method: 'GET' }));
    await change(at(1));
    await expect.poll(() => stream.updates().length, until).toBe(2);
    const body = call('wait', { ms: 20_000 }, 5);
    const blocking = await send(at(0), { session, body });
    await expect.poll(() => statusOf(at(1), session, KEYS.alice, 5), until).toBe(400);
    const other = call('wait', { ms: 20_000 }, 'lost');
    const underWay = follow(await send(at(0), { session, body: other }));
    await expect.poll(() => underWay.messages().length, until).toBeGreaterThan(1);
    (fleet.replicas[0] as RunningHttp).child.kill('SIGKILL');
    await Promise.all([stream.ended, underWay.ended, blocking.text().catch(() => '')]);
    await change(at(1));
    const headers = { 'last-event-id': stream.lastEvent() };
    const taken = follow(await send(at(1), { session, method: 'GET', headers }));
    await expect.poll(() => taken.updates().length, until).toBe(2);
    await expect.poll(() => ask(at(1), session, 5), until).toBe('alice');
    // What another call had said can be read, and nobody waits for more.
    const rest = { 'last-event-id': underWay.lastEvent() };
    for (let n = 0; n < 2; n += 1) {
      const resumed = follow(await send(at(1), { session, method: 'GET', headers: rest }));
      await resumed.ended;
      expect(resumed.messages().at(-1)).toMatchObject({
        id: 'lost',
        error: { message: expect.stringContaining('is gone') },
      });
    }
  });

  test('while its call is read elsewhere ends that stream, too', async () => {
    await start(2, { SESSION_IDLE_SECONDS: '4' });
    const session = await begin(at(0));
    const first = follow(await send(at(0), { session, body: call('wait', { ms: 20_000 }, 5) }));
    await expect.poll(() => first.messages().length, until).toBeGreaterThan(1);
    const headers = { 'last-event-id': first.lastEvent() };
    const resumed = follow(await send(at(1), { session, method: 'GET', headers }));
    await expect.poll(() => resumed.messages().length, until).toBeGreaterThan(2);
    // It is sent to the client once: the one who read it first has lost it.
    await expect.poll(first.isOver, { timeout: 2_000 }).toBe(true);
    (fleet.replicas[0] as RunningHttp).child.kill('SIGKILL');
    await resumed.ended;
  });
});

test('a replica that is asked to go ends its streams in order, and leaves its sessions to the others', async () => {
  await start(2);
  const session = await begin(at(0));
  await subscribe(at(0), session);
  const stream = follow(await send(at(0), { session, method: 'GET' }));
  const body = call('wait', { ms: 1_000, word: '!' }, 5);
  const underWay = follow(await send(at(0), { session, body }));
  await expect.poll(() => underWay.messages().length, until).toBeGreaterThan(0);
  const { child, ended } = fleet.replicas[0] as RunningHttp;
  child.kill('SIGTERM');
  await Promise.all([underWay.ended, stream.ended]);
  expect(said(underWay.messages().at(-1))).toBe('alice!');
  expect(stream.isBroken()).toBe(false);
  expect(await ended).toBe(0);
  await change(at(1));
  const headers = { 'last-event-id': stream.lastEvent() };
  const taken = follow(await send(at(1), { session, method: 'GET', headers }));
  await expect.poll(() => taken.updates().length, until).toBe(2);
  expect(await ask(at(1), session)).toBe('alice');
});

describe('Redis', () => {
  test.each([
    ['is frozen and thaws', () => fleet.redis.freeze(), async () => fleet.redis.thaw(), true],
    [
      'is killed and starts again, empty',
      () => fleet.redis.kill(),
      () => fleet.redis.start(),
      false,
    ],
  ])(
    '%s: what is asked meanwhile is refused soon, and afterwards it goes on',
    async (_, away, back, isKept) => {
      await start(2);
      const session = await begin(at(0));
      await subscribe(at(0), session);
      const stream = follow(await send(at(0), { session, method: 'GET' }));
      const body = call('wait', { ms: 3_000, word: '!' }, 5);
      const underWay = follow(await send(at(1), { session, body }));
      await expect.poll(() => underWay.messages().length, until).toBeGreaterThan(0);
      await away();
      const requests = [
        { session, body: call('wait', { ms: 0 }, 6) },
        { session, method: 'GET' },
        { session, method: 'DELETE' },
        { body: INITIALIZE },
      ];
      for (const request of requests) {
        for (const n of [0, 1]) {
          const started = performance.now();
          const refused = await send(at(n), request);
          const text = await refused.text();
          expect([refused.status, refused.headers.get('retry-after'), text]).toEqual([
            503,
            '1',
            expect.stringContaining('Try again in 1 s.'),
          ]);
          expect(performance.now() - started).toBeLessThan(700);
        }
      }
      // Without a session everything goes on, and so does a call that is under way.
      const caller = { url: at(0), key: KEYS.alice, era: '2025-11-25' as const };
      const without = await rpc(caller, 'tools/call', { name: 'wait', arguments: { ms: 0 } });
      expect(said(without)).toBe('alice');
      await underWay.ended;
      expect(said(underWay.messages().at(-1))).toBe('alice!');
      // A stream hears at least of what happens at its own replica.
      await change(at(0));
      await expect.poll(() => stream.updates().includes(RECENT), until).toBe(true);

      await back();
      const expected = isKept ? 200 : 404;
      await expect.poll(() => statusOf(at(0), session), until).toBe(expected);
      await expect.poll(() => statusOf(at(1), session), until).toBe(expected);
      const next = isKept ? session : await begin(at(0));
      for (const id of [5, 6]) {
        await expect.poll(() => ask(at(0), next, id), until).toBe('alice');
        await expect.poll(() => ask(at(1), next, id), until).toBe('alice');
      }
      await subscribe(at(1), next);
      const newer = isKept ? stream : follow(await send(at(0), { session: next, method: 'GET' }));
      await expect
        .poll(async () => {
          const before = newer.updates().filter((one) => one === RECENT).length;
          await change(at(1));
          await sleep(300);
          return newer.updates().filter((one) => one === RECENT).length - before;
        }, until)
        .toBe(1);
    },
  );
});

describe('over all replicas', () => {
  test('a caller has as many sessions as one may have, and so have all together', async () => {
    await start(2, { MAX_SESSIONS_PER_CALLER: '2', MAX_SESSIONS: '3' });
    const [first, second] = [await begin(at(0)), await begin(at(1))];
    const bobs = await begin(at(1), KEYS.bob);
    await begin(at(1));
    expect([await statusOf(at(0), first), await statusOf(at(1), first)]).toEqual([404, 404]);
    expect(await statusOf(at(0), second)).toBe(200);
    const refused = await send(at(0), { key: KEYS.bob, body: INITIALIZE });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '60']);
    expect(await statusOf(at(0), bobs, KEYS.bob)).toBe(200);
  });

  test('a session is over when nothing goes on in it anywhere, and not before', async () => {
    await start(2, { SESSION_IDLE_SECONDS: '1' });
    const [idle, used, streaming] = [await begin(at(0)), await begin(at(0)), await begin(at(0))];
    const stream = follow(await send(at(1), { session: streaming, method: 'GET' }));
    for (let n = 0; n < 10; n += 1) {
      await sleep(250);
      expect(await ask(at(1), used)).toBe('alice');
    }
    for (const url of [at(0), at(1)]) {
      expect(await statusOf(url, idle)).toBe(404);
      expect(await statusOf(url, used)).toBe(200);
      expect(await statusOf(url, streaming)).toBe(200);
    }
    expect(stream.isOver()).toBe(false);
  });

  test('nor do streams hold it whose clients are gone before they begin', async () => {
    await start(1, { SESSION_IDLE_SECONDS: '2' });
    const session = await begin(at(0));
    const { port } = fleet.replicas[0] as RunningHttp;
    for (let n = 0; n < 20; n += 1) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      const headers = { authorization: `Bearer ${KEYS.alice}`, 'mcp-session-id': session };
      const lines = Object.entries({ host: 'localhost', accept: 'text/event-stream', ...headers });
      const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
      socket.write(`GET /mcp HTTP/1.1\r\n${head}\r\n`, () => socket.resetAndDestroy());
      await once(socket, 'close');
    }
    expect(await statusOf(at(0), session)).toBe(200);
    await sleep(4_000);
    expect(await statusOf(at(0), session)).toBe(404);
  });

  test('the log says nothing of what only its client may know', async () => {
    await start(2, { LOG_LEVEL: 'debug' });
    const session = await begin(at(0));
    expect(await ask(at(1), session)).toBe('alice');
    await fleet.redis.kill();
    expect(await statusOf(at(1), session)).toBe(503);
    await fleet.redis.start();
    await expect.poll(() => statusOf(at(1), session), until).toBe(404);
    for (const { stderr } of fleet.replicas) {
      expect(stderr()).not.toContain(session);
      expect(stderr()).not.toContain(KEYS.alice);
    }
  });
});
