import { memorySessions } from './kit/sessions/memory-sessions.js';
