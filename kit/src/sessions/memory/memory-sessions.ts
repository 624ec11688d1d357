import type { SessionsPart } from '../../http/app.js';
import type { SharedState } from '../../parts.js';
import { openSessions } from '../open-sessions.js';
import { type SessionLimits, sessionSettings } from '../session-settings.js';
import type { SessionState } from '../session-state.js';
import { MemoryChangeLog } from './memory-change-log.js';
import { MemoryEventStore } from './memory-event-store.js';
import { MemorySessionStore } from './memory-session-store.js';

/** Sessions of clients of 2025, kept in this process. */
export function memorySessions(): SessionsPart<typeof sessionSettings> {
  return {
    kind: 'sessions',
    settings: sessionSettings,
    open: ({ config, state }) => openSessions(sessionsOfProcess(config, state)),
  };
}

/** Sessions of one process. */
export function sessionsOfProcess(
  limits: SessionLimits,
  { changes }: Pick<SharedState, 'changes'>,
): SessionState {
  const store = new MemorySessionStore(limits);
  return {
    idleMs: limits.SESSION_IDLE_SECONDS * 1_000,
    store,
    events: new MemoryEventStore(store),
    changes: new MemoryChangeLog(changes),
  };
}
