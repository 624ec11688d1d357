import type { Changes } from '../../calls/changes.js';
import type { Config } from '../../settings.js';
import { MemoryChangeLog } from './memory-change-log.js';
import { MemoryEventStore } from './memory-event-store.js';
import { MemorySessionStore } from './memory-session-store.js';
import type { SessionState } from '../session-state.js';

/** Sessions of this process. */
export function localSessions(config: Config, changes: Changes): SessionState {
  return {
    store: new MemorySessionStore(config),
    events: new MemoryEventStore(),
    changes: new MemoryChangeLog(changes),
  };
}
