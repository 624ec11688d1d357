import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { redis as redisState } from '../../src/state/redis.js';
import { owner } from '../../src/testing/client.js';
import { about, createTestApp } from '../support/app.js';
import { NOWHERE, REDIS_URL, redisClient, titled, whyNoRedis } from '../support/databases.js';

const parts = { state: redisState() };

/** Makes calls on as many replicas as there are `urls`. @returns how they end. */
async function outcomes(urls: string[], calls: number, env: Record<string, string> = {}) {
  const principal = { ...owner, id: randomUUID() };
  const ends: Promise<string>[] = [];
  for (const REDIS_URL of urls) {
    const { limits } = await createTestApp(
      { REDIS_URL, RATE_LIMIT_PER_MINUTE: '10', ...env },
      { parts },
    );
    for (let call = 0; call < calls; call += 1) {
      const run = async () =>
        await limits.run({ kind: 'tool', name: 'probe' }, principal, async () => 'done');
      ends.push(run().catch((error) => error.code));
    }
  }
  return await Promise.all(ends);
}

const count = (ends: string[], end: string) => ends.filter((one) => one === end).length;
const why = await whyNoRedis();

describe.skipIf(why !== undefined)(titled('Redis', why), () => {
  test('replicas share a limit', async () => {
    const env = { RATE_LIMIT_ON_ERROR: 'closed' };
    const ends = await outcomes([REDIS_URL, REDIS_URL], 20, env);
    expect(count(ends, 'done')).toBe(10);
    expect(count(ends, 'RATE_LIMITED')).toBe(30);
  });

  test('a Redis whose clock was set back lets nobody wait for the clock', async () => {
    const { limits } = await createTestApp({ REDIS_URL, RATE_LIMIT_PER_MINUTE: '10' }, { parts });
    const principal = { ...owner, id: randomUUID() };
    const redis = await redisClient();
    const inAMonth = (Date.now() + 2_592_000_000) * 1_000;
    await redis.set(`${about.name}:limit:{${principal.id}}`, inAMonth, 'PX', 60_000);
    const call = async () =>
      await limits.run({ kind: 'tool', name: 'probe' }, principal, () => 'done');
    await expect(call()).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfter: 6 });
  });
});

test('open: without Redis each replica counts by itself', async () => {
  const ends = await outcomes([NOWHERE, NOWHERE], 20);
  expect(count(ends, 'done')).toBe(20);
});

test('closed: without Redis calls are refused and may be repeated', async () => {
  const ends = await outcomes([NOWHERE], 20, { RATE_LIMIT_ON_ERROR: 'closed' });
  expect(count(ends, 'LIMITS_UNAVAILABLE')).toBe(20);
});
