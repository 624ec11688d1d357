import { about } from '../about.js';
import type { Config } from '../settings.js';
import type { Logger } from '../telemetry/logger.js';
import { ToolError } from '../calls/errors.js';
import type { SharedRedis } from './redis.js';
import { LocalUsedIds, type UsedIds } from '../policy/used-ids.js';

/** Ids that count once over all replicas; without a Redis, once in this process. */
export function openUsedIds(
  redis: SharedRedis | undefined,
  { REQUEST_STATE_SECRET }: Config,
  log: Logger,
): UsedIds {
  if (redis === undefined) return new LocalUsedIds();
  if (REQUEST_STATE_SECRET === undefined) {
    log.warn('without REQUEST_STATE_SECRET, other replicas do not know what this one has asked');
  }
  return {
    /** @throws {ToolError} while Redis does not answer: what might run twice does not run. */
    async use(id, seconds) {
      const key = `${about.name}:used:${id}`;
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
