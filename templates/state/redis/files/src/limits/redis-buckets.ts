import type { Redis } from 'ioredis';
import { about } from '../about.js';
import type { Config } from '../config.js';
import type { Logger } from '../observability/logger.js';
import { ToolError } from '../pipeline/errors.js';
import { type Bucket, pace, type RateLimiter, TokenBuckets } from './token-buckets.js';

/** Redis has this long to answer, in milliseconds; after so many failures in a row it is left alone for a while. */
const ANSWER_MS = 400;
const MAX_FAILURES = 3;
const PAUSE_MS = 1_000;

/**
 * As `TokenBuckets` does it, in one atomic step, by the clock of Redis.
 * KEYS: the buckets. ARGV: interval and capacity of each, in microseconds.
 */
const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local fullAt, wait = {}, 0
for i, key in ipairs(KEYS) do
  fullAt[i] = math.max(tonumber(redis.call('GET', key)) or 0, now) + ARGV[2 * i - 1]
  wait = math.max(wait, fullAt[i] - ARGV[2 * i] - now)
end
if wait > 0 then return math.ceil(wait / 1000) end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.0f', fullAt[i]), 'PX', math.ceil((fullAt[i] - now) / 1000))
end
return 0
`;

export interface Limiter extends RateLimiter {
  close(): void;
}

/**
 * Buckets that all replicas share, in the Redis of `REDIS_URL`; without one, those of this process. While Redis does not
 * answer, `RATE_LIMIT_ON_ERROR` decides: `open` counts in this process, `closed` refuses.
 */
export function openLimiter(config: Config, log: Logger): Limiter {
  const { REDIS_URL, RATE_LIMIT_ON_ERROR } = config;
  const local = new TokenBuckets();
  if (REDIS_URL === undefined) return { take: (buckets) => local.take(buckets), close() {} };

  const opening = open(REDIS_URL);
  let failures = 0;
  let pausedUntil = 0;

  /** `undefined` when Redis does not answer. */
  const takeInRedis = async (buckets: readonly Bucket[]): Promise<number | undefined> => {
    if (performance.now() < pausedUntil) return undefined;
    try {
      const { redis, connected } = await opening;
      const wait = await inTime(connected.then(() => ask(redis, buckets)));
      if (failures > 0) log.info('limits are counted in Redis again');
      failures = 0;
      return wait;
    } catch (error) {
      if (failures === 0)
        log.error({ err: error, mode: RATE_LIMIT_ON_ERROR }, 'no limits in Redis');
      failures += 1;
      if (failures >= MAX_FAILURES && performance.now() > pausedUntil) {
        pausedUntil = performance.now() + PAUSE_MS;
        // The connection may be dead without a sign of it.
        opening.then(({ redis }) => redis.disconnect(true)).catch(() => {});
      }
      return undefined;
    }
  };

  return {
    async take(buckets) {
      const wait = await takeInRedis(buckets);
      if (wait !== undefined) return wait;
      if (RATE_LIMIT_ON_ERROR === 'open') return local.take(buckets);
      throw new ToolError('LIMITS_UNAVAILABLE', 'Calls cannot be counted. Try again in 1 s.', {
        retryable: true,
        retryAfter: 1,
      });
    },
    close() {
      opening.then(({ redis }) => redis.disconnect()).catch(() => {});
    },
  };
}

/** Loads the client, which may take a while on a busy machine, and starts to connect. Its failures show when it is asked. */
async function open(url: string): Promise<{ redis: Redis; connected: Promise<void> }> {
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => PAUSE_MS,
  });
  redis.on('error', () => {});
  return { redis, connected: redis.connect().catch(() => {}) };
}

async function ask(redis: Redis, buckets: readonly Bucket[]): Promise<number> {
  const keys = buckets.map(({ key }) => `${about.name}:limit:${key}`);
  const paces = buckets.map(pace).flatMap(({ interval, capacity }) => [interval, capacity]);
  return Number(await redis.eval(TAKE, keys.length, ...keys, ...paces));
}

/** An answer, unless the time is up and all that has arrived is read: that we are busy does not mean that Redis is slow. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const giveUp = () => reject(new Error(`Redis does not answer within ${ANSWER_MS} ms`));
    timer = setTimeout(() => setImmediate(giveUp), ANSWER_MS);
  });
  return await Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
