import { ConfigError } from '../../definitions/settings.js';
import type { SessionsPart } from '../../http/app.js';
import type { SharedState } from '../../parts.js';
import type { RedisState } from '../../state/redis.js';
import { memorySessionState, openSessions } from '../memory-sessions.js';
import { sessionSettings } from '../session-state.js';
import { RedisChangeLog } from './redis-change-log.js';
import { RedisEventStore } from './redis-event-store.js';
import { RedisSessionStore } from './redis-session-store.js';
import { SessionKeys } from './session-scripts.js';

/** Sessions of clients of 2025 that any replica serves, kept in the Redis of `state: redis()`; without one, in this process. */
export function redisSessions(): SessionsPart<typeof sessionSettings> {
  return {
    kind: 'sessions',
    settings: sessionSettings,
    open({ about, config, log, state }) {
      if (!isRedis(state))
        throw new ConfigError(['sessions: redisSessions() needs state: redis()']);
      const { redis, changes } = state;
      if (redis === undefined) return openSessions(memorySessionState(config, state));
      const keys = new SessionKeys(redis, about.name);
      return openSessions({
        idleMs: config.SESSION_IDLE_SECONDS * 1_000,
        store: new RedisSessionStore(keys, config, log),
        events: new RedisEventStore(keys, log),
        changes: new RedisChangeLog(redis, about.name, changes, log),
      });
    },
  };
}

function isRedis(state: SharedState): state is RedisState {
  return 'redis' in state;
}
