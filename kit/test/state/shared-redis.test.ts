import { describe, expect, test, vi } from 'vitest';
import { nodeHost } from '../../src/host/node/host.js';
import { redis } from '../../src/state/redis.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { createTestApp, openPart } from '../support/app.js';
import { NOWHERE, REDIS_URL, titled, whyNoRedis } from '../support/databases.js';

const parts = { state: redis() };
const why = await whyNoRedis();

describe.skipIf(why !== undefined)(titled('Redis', why), () => {
  test('the metrics say whether Redis answers', async () => {
    const there = await createTestApp({ REDIS_URL }, { parts });
    const gone = await createTestApp({ REDIS_URL: NOWHERE }, { parts });
    await expect.poll(() => gone.metrics.registry.text()).toContain('mcp_redis_up 0\n');
    expect(there.metrics.registry.text()).toContain('mcp_redis_up 1\n');
    await there.limits.run(
      { kind: 'tool', name: 'probe' },
      { id: 'one', scopes: [] },
      () => 'done',
    );
    expect(there.metrics.registry.text()).toContain('mcp_redis_up 1\n');
  });
});

test('that nothing is shared without REDIS_URL is a warning', () => {
  const log = createLogger(nodeHost, 'silent', 'test');
  const warned = vi.spyOn(log, 'warn');
  // Only in production is it required.
  expect(openPart({ ...redis(), required: [] }, { REDIS_URL: '' }, { log })).toHaveProperty(
    'redis',
    undefined,
  );
  expect(warned).toHaveBeenCalledWith(expect.stringContaining('REDIS_URL'));
});

test('without REDIS_URL the metrics say nothing of Redis', async () => {
  const { metrics } = await createTestApp({ REDIS_URL: '' }, { parts });
  expect(metrics.registry.text()).not.toContain('mcp_redis_up');
});
