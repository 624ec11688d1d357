import type { ChangeLog } from './change-log.js';
import type { EventStore } from './event-store.js';
import type { SessionStore } from './session-store.js';

/** Everything of the sessions that is not a call or a stream under way. */
export interface SessionState {
  /** After how many milliseconds without use a session is over. */
  readonly idleMs: number;
  readonly store: SessionStore;
  readonly events: EventStore;
  readonly changes: ChangeLog;
}

/** Thrown by what keeps it when it cannot be reached at the moment. */
export class SessionsUnavailable extends Error {
  override readonly name = 'SessionsUnavailable';
}
