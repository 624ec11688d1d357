import { expect, test, vi } from 'vitest';
import { loadConfig } from '../../src/host/node/settings.js';
import { openRedis } from '../../src/state/shared-redis.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { createTestApp } from '../support/app.js';
import { requiredEnv } from '../support/env.js';

const REDIS_URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';

test('the metrics say whether Redis answers (this test needs Redis at REDIS_URL)', async () => {
  const there = await createTestApp({ REDIS_URL });
  const gone = await createTestApp({ REDIS_URL: 'redis://127.0.0.1:1' });
  await expect.poll(() => gone.metrics.registry.text()).toContain('mcp_redis_up 0\n');
  expect(there.metrics.registry.text()).toContain('mcp_redis_up 1\n');
  await there.limits.run({ kind: 'tool', name: 'probe' }, { id: 'one', scopes: [] }, () => 'done');
  expect(there.metrics.registry.text()).toContain('mcp_redis_up 1\n');
});

test('that nothing is shared without REDIS_URL is a warning', () => {
  const log = createLogger('silent');
  const warned = vi.spyOn(log, 'warn');
  expect(openRedis(loadConfig({ ...requiredEnv, REDIS_URL: '' }), log)).toBeUndefined();
  expect(warned).toHaveBeenCalledWith(expect.stringContaining('REDIS_URL'));
});

test('without REDIS_URL the metrics say nothing of Redis', async () => {
  const { metrics } = await createTestApp({ REDIS_URL: '' });
  expect(metrics.registry.text()).not.toContain('mcp_redis_up');
});
