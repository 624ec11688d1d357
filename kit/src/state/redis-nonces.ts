import type { NonceStore } from '../calls/services.js';
import { ToolError } from '../definitions/errors.js';
import type { SharedRedis } from './shared-redis.js';

/** Ids that count once over all replicas. */
export function redisNonces(redis: SharedRedis, service: string): NonceStore {
  return {
    /** @throws {ToolError} while Redis does not answer: what might run twice does not run. */
    async claim(id, seconds) {
      const key = `${service}:used:${id}`;
      const set = redis.ask((client) => client.set(key, '1', 'EX', seconds, 'NX'));
      return (await set.catch(unavailable)) === 'OK';
    },
  };
}

function unavailable(): never {
  throw new ToolError('APPROVALS_UNAVAILABLE', 'The approval cannot be checked. Ask again later.', {
    retryable: true,
    retryAfter: 1,
  });
}
