import { randomUUID } from 'node:crypto';
import type { ServerEvent } from '@modelcontextprotocol/server';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import * as z from 'zod/v4';
import type { Bucket, NonceClaim, NonceStore, RateLimiter } from '../calls/services.js';
import { type Change, Changes, ToolError } from '../definitions/definitions.js';
import { pace, TokenBuckets } from '../limits/call-limits.js';
import type { SharedState, StatePart } from '../parts.js';
import { memoryState } from './memory.js';
import { SharedRedis, UntilDone } from './shared-redis.js';

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

/** ARGV: the prefix, the name of a new set, for how many seconds it takes ids. */
const SET_FOR_NEW = `
local newest = ARGV[1] .. 'newest'
local set = redis.call('GET', newest)
if not set or redis.call('EXISTS', ARGV[1] .. set) == 0 then
  set = ARGV[2]
  redis.call('SADD', ARGV[1] .. set, '')
  redis.call('EXPIRE', ARGV[1] .. set, 2 * ARGV[3])
  redis.call('SET', newest, set, 'EX', ARGV[3])
end
return set
`;

/** ARGV: the prefix, a set, an id. */
const CLAIM = `
local set = ARGV[1] .. ARGV[2]
if redis.call('EXISTS', set) == 0 then return 'unknown' end
return redis.call('SADD', set, ARGV[3]) == 1 and 'first' or 'again'
`;

/** Ids that count once over all replicas. */
export function redisNonces(redis: SharedRedis, service: string): NonceStore {
  /** A Redis set for each set of ids, and the name of the one for new ids. */
  const prefix = `${service}:{used}:`;
  /** @throws {ToolError} while Redis does not answer: what might run twice does not run. */
  const run = async (script: string, ...args: (string | number)[]) => {
    const evaluate = (client: Redis) => client.eval(script, 0, prefix, ...args);
    return await redis.ask(evaluate).catch(unavailable);
  };
  return {
    setForNew: async (seconds) => String(await run(SET_FOR_NEW, randomUUID(), seconds)),
    claim: async (id, set) => (await run(CLAIM, set, id)) as NonceClaim,
  };
}

function unavailable(): never {
  throw new ToolError('APPROVALS_UNAVAILABLE', 'The approval cannot be checked. Ask again later.', {
    retryable: true,
    retryAfter: 1,
  });
}

/** What replicas tell each other of. */
export const SharedChange = z.union([
  z.strictObject({ kind: z.enum(['resources_list_changed', 'missed']) }),
  z.strictObject({ kind: z.literal('resource_updated'), uri: z.string() }),
]);

/** What one replica tells the others. */
const Message = z.strictObject({ from: z.uuid(), changes: z.array(SharedChange) });

/**
 * Changes that every replica hears of. Those of this process are told here at once, whether Redis answers or not. Whoever was
 * cut off for a while is told that something was missed.
 */
class RedisChanges extends Changes {
  readonly #id = randomUUID();
  /** The others did not get a change: as soon as Redis answers they are told that they missed something. */
  readonly #sendMissed: UntilDone;

  constructor(
    private readonly redis: SharedRedis,
    private readonly service: string,
    private readonly log: Logger,
  ) {
    super();
    this.#sendMissed = new UntilDone(redis, () => this.#send([{ kind: 'missed' }]));
    const missed = () => this.deliver({ kind: 'missed' });
    redis.subscribe(this.#channelIn, (text) => this.#receive(text), missed).catch(() => {});
  }

  /** Channels, unlike keys, are the same for all databases of a Redis. */
  readonly #channelIn = ({ options }: Redis) => `${this.service}:${options.db ?? 0}:changes`;

  protected override publish(events: readonly ServerEvent[]): void {
    super.publish(events);
    this.#send(events).catch(() => this.#sendMissed.start());
  }

  async #send(changes: readonly Change[]): Promise<void> {
    const message = JSON.stringify({ from: this.#id, changes });
    await this.redis.ask((client) => client.publish(this.#channelIn(client), message));
  }

  /** Redis may be shared with others, so what comes from it is looked at first. */
  #receive(text: string): void {
    const message = parse(text);
    if (message === undefined) this.log.warn('a message in Redis is not one of ours');
    else if (message.from !== this.#id) {
      for (const change of message.changes) this.deliver(change, 'elsewhere');
    }
  }
}

function parse(text: string): z.output<typeof Message> | undefined {
  try {
    return Message.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
