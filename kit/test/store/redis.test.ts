import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { PrivateRedis } from '../../../test/support/redis.js';
import { nodeHost } from '../../src/host/node/host.js';
import { redisStore } from '../../src/store/redis.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { readSettings } from '../support/app.js';
import { titled, whyNoRedis } from '../support/databases.js';
import { openKeyValueStore, redisFixture } from '../support/key-value-stores.js';

const why = await whyNoRedis();
const AGAIN = { code: 'STORE_UNAVAILABLE', retryable: true };
/** Nobody is told to repeat a change that may have been made. */
const UNKNOWN = { code: 'STORE_UNAVAILABLE', retryable: false };
const TIMEOUT_MS = 300;

/** A Redis of one's own, and a store on it. */
async function open(changes: Record<string, string> = {}) {
  const redis = await PrivateRedis.start();
  onTestFinished(() => redis.kill());
  const env = { DATABASE_URL: redis.url, DATABASE_TIMEOUT_MS: String(TIMEOUT_MS), ...changes };
  const store = await openKeyValueStore(redisFixture, { env });
  return { redis, store, env };
}

/** How long something takes at the most: some times the limit of one request, because machines are busy. */
async function bounded<T>(work: Promise<T>): Promise<T> {
  const late = sleep(20 * TIMEOUT_MS, undefined, { ref: false }).then(() => {
    throw new Error('not in time');
  });
  return await Promise.race([work, late]);
}

describe.skipIf(why !== undefined)(titled('a Redis', why), () => {
  test('that is frozen fails calls in time, and serves again when it goes on', async () => {
    const { redis, store } = await open();
    await store.set('key', 1);
    redis.freeze();
    await expect(bounded(store.get('key'))).rejects.toMatchObject(AGAIN);
    await expect(bounded(store.set('key', 2))).rejects.toMatchObject(UNKNOWN);
    await expect(bounded(store.ping())).rejects.toMatchObject(AGAIN);
    const many = Array.from({ length: 50 }, () => store.get('key'));
    for (const end of await bounded(Promise.allSettled(many))) {
      expect(end).toMatchObject({ reason: AGAIN });
    }
    redis.thaw();
    await expect
      .poll(() => store.get('key').catch(() => 'away'), { timeout: 10_000 })
      .not.toBe('away');
  }, 30_000);

  test('that is killed in the middle of calls fails them, and serves again when it is back', async () => {
    const { redis, store } = await open({ DATABASE_TIMEOUT_MS: '5000' });
    await store.ping();
    redis.freeze();
    const ends = Promise.allSettled([store.get('key'), store.set('key', 1), store.increment('n')]);
    await sleep(50);
    await redis.kill();
    expect(await bounded(ends)).toMatchObject([
      { reason: AGAIN },
      { reason: UNKNOWN },
      { reason: UNKNOWN },
    ]);
    // Now there is nothing that could have got it.
    await expect(bounded(store.set('key', 1))).rejects.toMatchObject(AGAIN);
    await redis.start();
    await expect.poll(() => store.set('key', 1).catch(() => ''), { timeout: 10_000 }).not.toBe('');
    expect(await store.get('key')).toBe(1);
  }, 30_000);

  test('that comes after the server is waited for', async () => {
    const { redis, env } = await open();
    await redis.kill();
    const store = await openKeyValueStore(redisFixture, { env });
    await expect(store.ping()).rejects.toMatchObject(AGAIN);
    await redis.start();
    await expect
      .poll(
        () =>
          store.ping().then(
            () => 'ready',
            () => '',
          ),
        { timeout: 10_000 },
      )
      .toBe('ready');
  }, 30_000);

  test('that closes a connection does not fail the next call', async () => {
    const { redis, store } = await open({ DATABASE_TIMEOUT_MS: '5000' });
    await store.set('key', 1);
    await redis.command('CLIENT KILL TYPE normal SKIPME yes');
    await sleep(20);
    expect(await store.get('key')).toBe(1);
  }, 30_000);

  test('a call that is cancelled ends at once', async () => {
    const { redis, store } = await open({ DATABASE_TIMEOUT_MS: '60000' });
    await store.ping();
    redis.freeze();
    const stop = new AbortController();
    const call = store.get('key', stop.signal);
    stop.abort(new Error('enough'));
    await expect(bounded(call)).rejects.toThrow('enough');
  });

  test('that takes away rights or credentials is not available, and is again when they are back', async () => {
    const { redis, env } = await open();
    const grant = 'ACL SETUSER app on >secret ~* &* +@all';
    await redis.command(grant);
    const DATABASE_URL = env.DATABASE_URL.replace('//', '//app:secret@');
    const store = await openKeyValueStore(redisFixture, { env: { ...env, DATABASE_URL } });
    await store.set('key', 1);
    await redis.command('ACL SETUSER app -@all');
    await expect(store.get('key')).rejects.toMatchObject(AGAIN);
    // It was refused, so it was not made.
    await expect(store.set('key', 2)).rejects.toMatchObject(AGAIN);
    await redis.command(grant);
    expect(await store.get('key')).toBe(1);
    await redis.command('ACL DELUSER app');
    await expect.poll(() => store.get('key').catch((error: unknown) => error)).toMatchObject(AGAIN);
    await redis.command(grant);
    await expect.poll(() => store.get('key').catch(() => ''), { timeout: 10_000 }).toBe(1);
  }, 30_000);

  test('that is full keeps what it has, refuses changes as a whole, and goes on reading', async () => {
    const { redis, store } = await open();
    await store.set('key', 1);
    await redis.command('CONFIG SET maxmemory 1');
    const writing = store.write([{ set: 'key', value: 2 }, { increment: 'n' }]);
    await expect(writing).rejects.toMatchObject(AGAIN);
    expect(await store.get('key')).toBe(1);
    await redis.command('CONFIG SET maxmemory 0');
    await store.set('key', 2);
    expect(await store.count('n')).toBe(0);
  });

  test('that only reads is read, and takes no change', async () => {
    const { redis, store } = await open();
    await store.set('key', 1);
    await redis.command('REPLICAOF 127.0.0.1 1');
    await expect(store.set('key', 2)).rejects.toMatchObject(AGAIN);
    expect(await store.get('key')).toBe(1);
    await redis.command('REPLICAOF NO ONE');
    await store.set('key', 2);
  });

  test('without the database of the address is not used in place of it', async () => {
    const { env } = await open();
    const DATABASE_URL = `${env.DATABASE_URL}/99`;
    const store = await openKeyValueStore(redisFixture, { env: { ...env, DATABASE_URL } });
    await expect(store.set('key', 1)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    const first = await openKeyValueStore(redisFixture, { env });
    await expect(first.get('key')).resolves.toBeUndefined();
  });

  test('a server of another database has other keys', async () => {
    const { env, store } = await open();
    const other = await openKeyValueStore(redisFixture, {
      env: { ...env, DATABASE_URL: `${env.DATABASE_URL}/5` },
    });
    await other.set('key', 1);
    expect(await store.get('key')).toBeUndefined();
  });

  test('that may lose data is warned of, and one that does not is not', async () => {
    const { redis, env } = await open();
    const log = createLogger(nodeHost, 'silent', 'test');
    const warned = vi.spyOn(log, 'warn');
    const connect = async () => {
      warned.mockClear();
      const store = await openKeyValueStore(redisFixture, { env, log });
      await store.ping();
      // What the server is asked is asked in the order of its answers.
      for (let round = 0; round < 3; round += 1) await store.ping();
      return JSON.stringify(warned.mock.calls);
    };
    await redis.command('CONFIG SET maxmemory-policy allkeys-lru');
    const both = await connect();
    expect(both).toContain('maxmemory-policy to noeviction');
    expect(both).toContain('appendonly to yes');
    await redis.command('CONFIG SET maxmemory-policy noeviction');
    expect(await connect()).not.toContain('maxmemory-policy');
    await redis.command('CONFIG SET save "3600 1"');
    expect(await connect()).toBe('[]');
  });
});

test.each([
  ['redis://user:secret@host/notes', 'names a database that is no number'],
  ['redis://user:secret@host?tls=yes', 'has parameters'],
  ['redis://user:secret@[host', 'DATABASE_URL'],
  ['postgres://user:secret@host/0', 'DATABASE_URL'],
])('an address that is wrong is named without its password: %s', (DATABASE_URL, problem) => {
  const read = () => readSettings(redisStore(), { DATABASE_URL });
  expect(read).toThrow(problem);
  expect(read).not.toThrow(/secret/);
});
