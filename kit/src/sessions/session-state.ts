import type { OpenSessions } from '../http/app.js';
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

/** Sessions, with where they are kept. */
export interface KeptSessions extends OpenSessions {
  readonly state: SessionState;
}

/** Sessions that are kept there; what serves them is loaded when the first client needs it. */
export function openSessions(state: SessionState): KeptSessions {
  return {
    state,
    async load(app) {
      const { Sessions } = await import('./sessions.js');
      return new Sessions(app, state);
    },
  };
}

/** Thrown by what keeps it when it cannot be reached at the moment. */
export class SessionsUnavailable extends Error {
  override readonly name = 'SessionsUnavailable';
}
