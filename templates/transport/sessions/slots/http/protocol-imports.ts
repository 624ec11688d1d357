import { Sessions } from '../sessions/sessions.js';
import type { Authenticate } from './live-caller.js';
