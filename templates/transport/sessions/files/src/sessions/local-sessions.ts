import type { Changes } from '../changes/changes.js';
import type { Config } from '../config.js';
import { MemoryChangeLog } from './memory-change-log.js';
import { MemoryEventStore } from './memory-event-store.js';
import { MemorySessionStore } from './memory-session-store.js';
import type { SessionState } from './session-state.js';

/** Sessions of this process. */
export function localSessions(config: Config, changes: Changes): SessionState {
  const store = new MemorySessionStore(config);
  return {
    store,
    events: new MemoryEventStore(store),
    changes: new MemoryChangeLog(changes),
  };
}
