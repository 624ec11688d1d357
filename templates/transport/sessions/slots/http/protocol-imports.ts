import { Sessions } from '../sessions/sessions.js';
