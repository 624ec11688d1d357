import * as z from 'zod/v4';
import type { SharedState, StatePart } from '../parts.js';
import { memoryState } from './memory.js';
import { redisLimiter } from './redis-buckets.js';
import { RedisChanges } from './redis-changes.js';
import { redisNonces } from './redis-nonces.js';
import { SharedRedis } from './shared-redis.js';

const settings = {
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  RATE_LIMIT_ON_ERROR: z.enum(['open', 'closed']).default('open'),
};

/** What replicas share over Redis. */
export interface RedisState extends SharedState {
  readonly redis: SharedRedis | undefined;
}

/** Replicas share limits, approvals and changes over the Redis of `REDIS_URL`; without one, a process shares nothing. */
export function redis(): StatePart<typeof settings> {
  return {
    settings,
    // A replica that shares nothing does not look any different from one that does.
    required: ['REDIS_URL'],
    open({ about, config, log, metrics }): RedisState {
      const { REDIS_URL: url, RATE_LIMIT_ON_ERROR: onError } = config;
      if (url === undefined) {
        log.warn('no REDIS_URL: this process shares nothing with others');
        return { ...memoryState(), redis: undefined };
      }
      const shared = new SharedRedis(url, log);
      const up = 'Whether Redis answered when it was last asked.';
      metrics.gauge('mcp_redis_up', up, () => (shared.look() ? 1 : 0));
      return {
        redis: shared,
        changes: new RedisChanges(shared, about.name, log),
        limiter: redisLimiter(shared, about.name, onError),
        nonces: redisNonces(shared, about.name),
        close: () => shared.close(),
      };
    },
  };
}
