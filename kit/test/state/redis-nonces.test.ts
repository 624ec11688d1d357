import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { about } from '../../src/about.js';
import { loadConfig } from '../../src/host/node/settings.js';
import { openUsedIds } from '../../src/state/redis-nonces.js';
import { openRedis } from '../../src/state/shared-redis.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { requiredEnv } from '../support/env.js';

const URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const log = createLogger('silent');

function replica(REDIS_URL = URL) {
  const config = loadConfig({ ...requiredEnv, REDIS_URL });
  const redis = openRedis(config, log);
  onTestFinished(() => redis?.close());
  return openUsedIds(redis, config, log);
}

test('an id counts once over all replicas (this test needs Redis at REDIS_URL)', async () => {
  const replicas = [replica(), replica()];
  const [set, ...others] = await Promise.all(replicas.map((ids) => ids.setForNew(10)));
  expect(others).toEqual([set]);
  const id = randomUUID();
  const uses = [...replicas, ...replicas].map((ids) => ids.use(id, String(set)));
  expect((await Promise.all(uses)).sort()).toEqual(['again', 'again', 'again', 'first']);
});

test('no id counts when Redis has forgotten which ones were used', async () => {
  const ids = replica();
  const set = await ids.setForNew(10);
  const redis = new Redis(URL, { lazyConnect: true });
  onTestFinished(() => redis.disconnect());
  await redis.del(`${about.name}:{used}:${set}`);
  expect(await ids.use(randomUUID(), set)).toBe('unknown');
  expect(await ids.setForNew(10)).not.toBe(set);
});

test('while Redis does not answer, no id counts and none is given out', async () => {
  const ids = replica('redis://127.0.0.1:1');
  const unavailable = { code: 'APPROVALS_UNAVAILABLE', retryable: true };
  await expect(ids.use(randomUUID(), 'set')).rejects.toMatchObject(unavailable);
  await expect(ids.setForNew(10)).rejects.toMatchObject(unavailable);
});
