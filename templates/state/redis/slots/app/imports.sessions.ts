import { openSessions } from './sessions/open-sessions.js';
