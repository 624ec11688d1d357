import { localSessions } from './sessions/local-sessions.js';
