import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../src/host/node/settings.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { openUsedIds } from '../../src/state/redis-nonces.js';
import { openRedis } from '../../src/state/shared-redis.js';
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
  const id = randomUUID();
  const uses = [...replicas, ...replicas].map((ids) => ids.use(id, 10));
  expect((await Promise.all(uses)).filter(Boolean)).toHaveLength(1);
});

test('while Redis does not answer, no id counts', async () => {
  const use = async () => await replica('redis://127.0.0.1:1').use(randomUUID(), 10);
  await expect(use()).rejects.toMatchObject({ code: 'APPROVALS_UNAVAILABLE', retryable: true });
});
