import { createHash, randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { nodeHost } from '../../src/host/node/host.js';
import { RedisEventStore } from '../../src/sessions/redis/redis-event-store.js';
import { SessionKeys } from '../../src/sessions/redis/session-scripts.js';
import { keyOf, type ReplicaMessage } from '../../src/sessions/session-state.js';
import { SharedRedis } from '../../src/state/shared-redis.js';
import { about, log, readSettings } from '../support/app.js';
import {
  redisClient as client,
  NOWHERE,
  REDIS_URL,
  titled,
  whyNoRedis,
} from '../support/databases.js';
import {
  channelOf,
  createSessionApp,
  INITIALIZE,
  message,
  newKey,
  redisParts,
} from '../support/sessions.js';

const PREFIX = `${about.name}:{sessions}:`;

/** A replica, and what others tell it. */
async function replica(env: Record<string, string> = {}) {
  const { state: sessions } = await createSessionApp(redisParts, { REDIS_URL, ...env });
  const notes: ReplicaMessage[] = [];
  sessions.store.listen((note) => notes.push(note));
  const redis = await client();
  const channel = channelOf(sessions.store);
  await vi.waitFor(async () => {
    expect(await redis.pubsub('NUMSUB', channel)).toEqual([channel, 1]);
  });
  return { ...sessions, notes, channel };
}

const why = await whyNoRedis();

describe.skipIf(why !== undefined)(titled('Redis', why), () => {
  test('a session is known to every replica, for its owner', async () => {
    const [one, other] = [await replica(), await replica()];
    const [session, owner] = [newKey(), randomUUID()];
    expect(await one.store.begin(session, owner, INITIALIZE)).toBe('begun');
    await one.store.subscribe(session, 'test://a');
    const setLevel = { ...INITIALIZE, method: 'logging/setLevel', params: { level: 'error' } };
    await one.store.setLevel(session, setLevel);
    expect(await other.store.find(session, owner)).toEqual({
      initialize: INITIALIZE,
      setLevel,
      uris: ['test://a'],
    });
    expect(await other.store.find(session, 'somebody else')).toBeUndefined();
    await other.store.end(session);
    expect(await one.store.find(session, owner)).toBeUndefined();
    await one.store.setLevel(session, setLevel);
    expect(await one.store.subscribe(session, 'test://a')).toBe(false);
    expect(await one.store.beginCalls(session, 'stream', [1])).toBe('over');
    expect(await one.store.find(session, owner)).toBeUndefined();
  });

  test('its id is not in Redis', async () => {
    const { store } = await replica();
    const id = randomUUID();
    const [session, owner] = [keyOf(id, nodeHost), randomUUID()];
    await store.begin(session, owner, INITIALIZE);
    const redis = await client();
    const kept = await redis.hgetall(`${PREFIX}s:${session}`);
    expect(kept.owner).toBe(owner);
    expect(JSON.stringify(kept)).not.toContain(id);
  });

  test('the bound of a caller holds over all replicas: what is idle longest goes, what is in use stays', async () => {
    const env = { MAX_SESSIONS_PER_CALLER: '2', MAX_SESSIONS: '100000' };
    const [one, other] = [await replica(env), await replica(env)];
    const owner = randomUUID();
    const [first, second, third, fourth] = [newKey(), newKey(), newKey(), newKey()];
    await one.store.begin(first, owner, INITIALIZE);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await other.store.begin(second, owner, INITIALIZE);
    await one.store.beginCalls(first, 'stream', [1]);
    expect(await other.store.begin(third, owner, INITIALIZE)).toBe('begun');
    expect(await one.store.find(second, owner)).toBeUndefined();
    await other.store.hold(third, 'changes');
    expect(await one.store.begin(fourth, owner, INITIALIZE)).toBe('busy');
    await one.store.endCalls(first, 'an older one', [1]);
    expect(await one.store.begin(fourth, owner, INITIALIZE)).toBe('busy');
    await one.store.endCalls(first, 'stream', [1]);
    expect(await other.store.begin(fourth, owner, INITIALIZE)).toBe('begun');
    expect(await one.store.find(first, owner)).toBeUndefined();
  });

  test('a stream that was left while Redis was away does not keep its session in use', async () => {
    const redis = new SharedRedis(REDIS_URL, log);
    onTestFinished(() => redis.close());
    const keys = new SessionKeys(redis, about.name);
    keys.listen(() => {});
    const { RedisSessionStore } = await import('../../src/sessions/redis/redis-session-store.js');
    const config = readSettings(redisParts.sessions, { MAX_SESSIONS_PER_CALLER: '1' });
    const store = new RedisSessionStore(keys, config, log);
    const [session, owner] = [newKey(), randomUUID()];
    await store.begin(session, owner, INITIALIZE);
    const away = (times: number) => {
      const run = vi.spyOn(keys, 'run');
      for (let n = 0; n < times; n += 1) run.mockRejectedValueOnce(new Error('away'));
    };
    await store.hold(session, 'changes');
    away(1);
    await store.letGo(session, 'changes');
    expect(await store.begin(newKey(), owner, INITIALIZE)).toBe('busy');
    // Read here again by now, so that nothing is let go of late.
    await store.hold(session, 'changes');
    await store.touch([]);
    expect(await store.begin(newKey(), owner, INITIALIZE)).toBe('busy');
    away(2);
    await store.letGo(session, 'changes');
    await store.touch([]);
    expect(await store.begin(newKey(), owner, INITIALIZE)).toBe('busy');
    await store.touch([]);
    expect(await store.begin(newKey(), owner, INITIALIZE)).toBe('begun');
  });

  test('an id that is under way at one replica is so at all, until that one is gone', async () => {
    const redis = new SharedRedis(REDIS_URL, log);
    const keys = new SessionKeys(redis, about.name);
    keys.listen(() => {});
    const { store } = await replica();
    const { RedisSessionStore } = await import('../../src/sessions/redis/redis-session-store.js');
    const config = readSettings(redisParts.sessions, {});
    const gone = new RedisSessionStore(keys, config, log);
    const session = newKey();
    await store.begin(session, randomUUID(), INITIALIZE);
    await vi.waitFor(async () => {
      await gone.beginCalls(session, 'stream', [1, '1']);
      expect(await store.beginCalls(session, 'other', [2, 1])).toBe('taken');
    });
    expect(await store.beginCalls(session, 'other', [2, 2])).toBe('taken');
    expect(await store.beginCalls(session, 'other', [2])).toBe('begun');
    expect(await store.stateOf(session, 'stream')).toBe('open');
    expect(await store.endLost(session, 'stream')).toEqual([]);
    redis.close();
    await vi.waitFor(async () => {
      expect(await store.stateOf(session, 'stream')).toBe('silent');
    });
    expect(new Set(await store.endLost(session, 'stream'))).toEqual(new Set([1, '1']));
    expect(await store.endLost(session, 'stream')).toEqual([]);
    expect(await store.stateOf(session, 'stream')).toBe('over');
    expect(await store.beginCalls(session, 'third', [1, '1'])).toBe('begun');
  });

  test('replicas are told what concerns them, and nothing else', async () => {
    const [one, other, third] = [await replica(), await replica(), await replica()];
    const session = newKey();
    await one.store.begin(session, randomUUID(), INITIALIZE);
    await one.store.beginCalls(session, 'stream', [7]);
    const cancel = { ...message(0), method: 'notifications/cancelled', params: { requestId: 7 } };
    await other.store.pass(session, cancel);
    const answer = {
      jsonrpc: '2.0' as const,
      id: `q-${randomUUID()}${one.store.here}`,
      result: {},
    };
    await other.store.pass(session, answer);
    await other.store.hold(session, 'stream');
    await other.store.hold(session, 'changes');
    await third.store.subscribe(session, 'test://a');
    await third.store.unsubscribe(session, 'test://a');
    await one.events.append(session, 'stream', message(1));
    await one.store.endCalls(session, 'stream', [7]);
    await third.store.hold(session, 'changes');
    await one.store.beginCalls(session, 'stream', [8]);
    await third.store.end(session);
    await vi.waitFor(() => expect(other.notes.at(-1)?.kind).toBe('ended'));
    await vi.waitFor(() => expect(one.notes.at(-1)?.kind).toBe('ended'));
    expect(one.notes).toEqual([
      { session, kind: 'message', message: cancel },
      { session, kind: 'message', message: answer },
      { session, kind: 'taken', stream: 'stream' },
      { session, kind: 'ended' },
    ]);
    expect(other.notes).toEqual([
      { session, kind: 'subscribed', uri: 'test://a' },
      { session, kind: 'unsubscribed', uri: 'test://a' },
      { session, kind: 'written', stream: 'stream' },
      { session, kind: 'written', stream: 'stream' },
      { session, kind: 'taken', stream: 'changes' },
      { session, kind: 'ended' },
    ]);
    expect(third.notes).toEqual([]);
  });

  test('what is in Redis and not of ours changes nothing', async () => {
    const { store, notes, channel } = await replica();
    const redis = await client();
    const [session, owner] = [newKey(), randomUUID()];
    const own = `${PREFIX}o:${createHash('sha256').update(owner).digest('base64url')}`;
    for (const initialize of ['garbage', '{}', JSON.stringify(message(1))]) {
      await redis.hset(`${PREFIX}s:${session}`, { owner, own, initialize });
      expect(await store.find(session, owner)).toBeUndefined();
    }
    const foreign = [
      'garbage',
      '{}',
      JSON.stringify({ session, kind: 'ended', more: 1 }),
      JSON.stringify({ session, kind: 'message', message: { id: 1 } }),
      JSON.stringify({ session, kind: 'written', stream: 7 }),
    ];
    for (const text of foreign) await redis.publish(channel, text);
    await redis.publish(channel, JSON.stringify({ session, kind: 'ended' }));
    await vi.waitFor(() => expect(notes).toEqual([{ session, kind: 'ended' }]));
  });

  test('events have numbers that grow over all replicas, and every one finds them', async () => {
    const [one, other] = [await replica(), await replica()];
    const [session, another] = [newKey(), newKey()];
    for (const each of [session, another]) await one.store.begin(each, randomUUID(), INITIALIZE);
    const first = await one.events.append(session, 'stream', message(1));
    await other.events.append(session, 'another', message(2));
    const last = await other.events.append(session, 'stream', message(3));
    expect(Number(last)).toBeGreaterThan(Number(first));
    expect(await other.events.streamOf(session, first)).toBe('stream');
    expect(await other.events.after(session, 'stream', first)).toEqual([
      { id: last, message: message(3) },
    ]);
    for (const event of [first, '999', '__proto__', 'x']) {
      expect(await one.events.streamOf(another, event)).toBeUndefined();
    }
    await other.store.end(session);
    expect(await one.events.streamOf(session, first)).toBeUndefined();
    expect(await one.events.append(session, 'stream', message(4))).toBe('');
  });

  test.each([
    ['events', { maxEvents: 3 }],
    ['bytes', { maxBytes: 200 }],
  ])('of too many %s the newest are kept', async (_, bound) => {
    const { store } = await replica();
    const redis = new SharedRedis(REDIS_URL, log);
    onTestFinished(() => redis.close());
    const bounds = { maxEvents: 100, maxBytes: 1e6, maxAgeMs: 60_000, ...bound };
    const events = new RedisEventStore(new SessionKeys(redis, about.name), log, bounds);
    const session = newKey();
    await store.begin(session, randomUUID(), INITIALIZE);
    const ids: string[] = [];
    for (let n = 0; n < 10; n += 1) ids.push(await events.append(session, 'stream', message(n)));
    expect(await events.streamOf(session, ids.at(0) ?? '')).toBeUndefined();
    expect(await events.streamOf(session, ids.at(-1) ?? '')).toBe('stream');
    expect(await (await client()).xlen(`${PREFIX}e:${session}`)).toBeLessThan(5);
    const large = { ...message(0), params: { text: 'x'.repeat(1_000_001) } };
    expect(await events.append(session, 'stream', large)).toBe('');
  });

  test('events go after a while', async () => {
    const { store } = await replica();
    const redis = new SharedRedis(REDIS_URL, log);
    onTestFinished(() => redis.close());
    const bounds = { maxEvents: 100, maxBytes: 1e6, maxAgeMs: 200 };
    const events = new RedisEventStore(new SessionKeys(redis, about.name), log, bounds);
    const session = newKey();
    await store.begin(session, randomUUID(), INITIALIZE);
    const first = await events.append(session, 'stream', message(1));
    await new Promise((resolve) => setTimeout(resolve, 150));
    await events.append(session, 'stream', message(2));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await events.append(session, 'stream', message(3));
    expect(await events.streamOf(session, first)).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await (await client()).exists(`${PREFIX}e:${session}`)).toBe(0);
  });
});

test('without Redis it is said soon that sessions cannot be reached', async () => {
  const { state: sessions } = await createSessionApp(redisParts, { REDIS_URL: NOWHERE });
  const started = performance.now();
  await expect(sessions.store.find(newKey(), 'x')).rejects.toThrow('');
  expect(performance.now() - started).toBeLessThan(500);
  expect(await sessions.events.append(newKey(), 'stream', message(1))).toBe('');
  await sessions.store.endCalls(newKey(), 'stream', [1]);
});
