import type { Changes } from '../../calls/changes.js';
import type { Config } from '../../settings.js';
import type { Logger } from '../../telemetry/logger.js';
import type { SharedRedis } from '../../state/redis.js';
import { localSessions } from '../memory/memory-sessions.js';
import { RedisChangeLog } from './redis-change-log.js';
import { RedisEventStore } from './redis-event-store.js';
import { RedisSessionStore } from './redis-session-store.js';
import { SessionKeys } from './session-keys.js';
import type { SessionState } from '../session-state.js';

/** Sessions that any replica serves; without a Redis, those of this process. */
export function openSessions(
  redis: SharedRedis | undefined,
  config: Config,
  changes: Changes,
  log: Logger,
): SessionState {
  if (redis === undefined) return localSessions(config, changes);
  const keys = new SessionKeys(redis);
  return {
    store: new RedisSessionStore(keys, config, log),
    events: new RedisEventStore(keys, log),
    changes: new RedisChangeLog(redis, changes, log),
  };
}
