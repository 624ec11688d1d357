import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { redisNonces } from '../../src/state/redis.js';
import { SharedRedis } from '../../src/state/shared-redis.js';
import { about, log } from '../support/app.js';
import { NOWHERE, REDIS_URL, redisClient, titled, whyNoRedis } from '../support/databases.js';

function replica(url = REDIS_URL) {
  const redis = new SharedRedis(url, log);
  onTestFinished(() => redis.close());
  return redisNonces(redis, about.name);
}
const why = await whyNoRedis();

describe.skipIf(why !== undefined)(titled('Redis', why), () => {
  test('an id counts once over all replicas', async () => {
    const replicas = [replica(), replica()];
    const [set, ...others] = await Promise.all(replicas.map((ids) => ids.setForNew(10)));
    expect(others).toEqual([set]);
    const id = randomUUID();
    const uses = [...replicas, ...replicas].map((ids) => ids.claim(id, String(set)));
    expect((await Promise.all(uses)).sort()).toEqual(['again', 'again', 'again', 'first']);
  });

  test('no id counts when Redis has forgotten which ones were used', async () => {
    const ids = replica();
    const set = await ids.setForNew(10);
    const redis = await redisClient();
    await redis.del(`${about.name}:{used}:${set}`);
    expect(await ids.claim(randomUUID(), set)).toBe('unknown');
    expect(await ids.setForNew(10)).not.toBe(set);
  });
});

test('while Redis does not answer, no id counts and none is given out', async () => {
  const ids = replica(NOWHERE);
  const unavailable = { code: 'APPROVALS_UNAVAILABLE', retryable: true };
  await expect(ids.claim(randomUUID(), 'set')).rejects.toMatchObject(unavailable);
  await expect(ids.setForNew(10)).rejects.toMatchObject(unavailable);
});
