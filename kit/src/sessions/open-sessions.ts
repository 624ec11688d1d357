import type { OpenSessions } from '../http/app.js';
import type { SessionState } from './session-state.js';

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
