import type { OpenSessions } from '../http/app.js';
import type { SessionState } from './session-state.js';

/** Sessions that are kept there; what serves them is loaded when the first client needs it. */
export function openSessions(state: SessionState): OpenSessions {
  return {
    async load(app) {
      const { Sessions } = await import('./sessions.js');
      return new Sessions(app, state);
    },
  };
}
