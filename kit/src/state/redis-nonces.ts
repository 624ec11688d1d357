import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Claim, NonceStore } from '../calls/services.js';
import { ToolError } from '../definitions/errors.js';
import type { SharedRedis } from './shared-redis.js';

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
    claim: async (id, set) => (await run(CLAIM, set, id)) as Claim,
  };
}

function unavailable(): never {
  throw new ToolError('APPROVALS_UNAVAILABLE', 'The approval cannot be checked. Ask again later.', {
    retryable: true,
    retryAfter: 1,
  });
}
