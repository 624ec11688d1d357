import { memorySessions } from './kit/sessions/memory/memory-sessions.js';
