import type { SessionState } from './sessions/session-state.js';
