import type { Redis } from 'ioredis';
import type { Bucket, RateLimiter } from '../calls/services.js';
import { ToolError } from '../definitions/errors.js';
import { pace, TokenBuckets } from '../limits/token-buckets.js';
import type { SharedRedis } from './shared-redis.js';

/**
 * As `TokenBuckets` does it, in one atomic step, by the clock of Redis. That one may be set back: what would then be more than
 * empty becomes empty.
 * KEYS: the buckets. ARGV: interval and capacity of each, in microseconds.
 */
const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function save(key, fullAt)
  redis.call('SET', key, string.format('%.0f', fullAt), 'PX', math.ceil((fullAt - now) / 1000))
end
local fullAt, wait = {}, 0
for i, key in ipairs(KEYS) do
  local known, empty = tonumber(redis.call('GET', key)) or 0, now + ARGV[2 * i]
  if known > empty then
    known = empty
    save(key, empty)
  end
  fullAt[i] = math.max(known, now) + ARGV[2 * i - 1]
  wait = math.max(wait, fullAt[i] - empty)
end
if wait > 0 then return math.ceil(wait / 1000) end
for i, key in ipairs(KEYS) do save(key, fullAt[i]) end
return 0
`;

/**
 * Buckets that all replicas share.
 * @param onError what happens while Redis does not answer: `open` counts in this process, `closed` refuses
 */
export function redisLimiter(
  redis: SharedRedis,
  service: string,
  onError: 'open' | 'closed',
): RateLimiter {
  const local = new TokenBuckets();
  return {
    async take(buckets) {
      const wait = await redis
        .ask((client) => takeIn(client, service, buckets))
        .catch(() => undefined);
      if (wait !== undefined) return wait;
      if (onError === 'open') return local.take(buckets);
      throw new ToolError('LIMITS_UNAVAILABLE', 'Calls cannot be counted. Try again in 1 s.', {
        retryable: true,
        retryAfter: 1,
      });
    },
  };
}

async function takeIn(redis: Redis, service: string, buckets: readonly Bucket[]): Promise<number> {
  const keys = buckets.map(({ key }) => `${service}:limit:${key}`);
  const paces = buckets.map(pace).flatMap(({ interval, capacity }) => [interval, capacity]);
  return Number(await redis.eval(TAKE, keys.length, ...keys, ...paces));
}
