import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { about } from '../../src/about.js';
import { createTestApp } from '../support/app.js';
import { owner } from '../support/client.js';

const REDIS_URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const NOWHERE = 'redis://127.0.0.1:1';

/** Makes calls on as many replicas as there are `urls`. @returns how they end. */
async function outcomes(urls: string[], calls: number, env: Record<string, string> = {}) {
  const principal = { ...owner, id: randomUUID() };
  const ends: Promise<string>[] = [];
  for (const REDIS_URL of urls) {
    const { limits } = await createTestApp({ REDIS_URL, RATE_LIMIT_PER_MINUTE: '10', ...env });
    for (let call = 0; call < calls; call += 1) {
      const run = async () =>
        await limits.run({ kind: 'tool', name: 'probe' }, principal, async () => 'done');
      ends.push(run().catch((error) => error.code));
    }
  }
  return await Promise.all(ends);
}

const count = (ends: string[], end: string) => ends.filter((one) => one === end).length;

test('replicas share a limit (this test needs Redis at REDIS_URL)', async () => {
  const env = { RATE_LIMIT_ON_ERROR: 'closed' };
  const ends = await outcomes([REDIS_URL, REDIS_URL], 20, env);
  expect(count(ends, 'done')).toBe(10);
  expect(count(ends, 'RATE_LIMITED')).toBe(30);
});

test('open: without Redis each replica counts by itself', async () => {
  const ends = await outcomes([NOWHERE, NOWHERE], 20);
  expect(count(ends, 'done')).toBe(20);
});

test('closed: without Redis calls are refused and may be repeated', async () => {
  const ends = await outcomes([NOWHERE], 20, { RATE_LIMIT_ON_ERROR: 'closed' });
  expect(count(ends, 'LIMITS_UNAVAILABLE')).toBe(20);
});

test('a Redis whose clock was set back lets nobody wait for the clock', async () => {
  const { limits } = await createTestApp({ REDIS_URL, RATE_LIMIT_PER_MINUTE: '10' });
  const principal = { ...owner, id: randomUUID() };
  const redis = new Redis(REDIS_URL);
  onTestFinished(() => redis.disconnect());
  const inAMonth = (Date.now() + 2_592_000_000) * 1_000;
  await redis.set(`${about.name}:limit:{${principal.id}}`, inAMonth, 'PX', 60_000);
  const call = async () =>
    await limits.run({ kind: 'tool', name: 'probe' }, principal, () => 'done');
  await expect(call()).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfter: 6 });
});
