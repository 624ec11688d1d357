import { SessionStepUp } from '../auth/session-step-up.js';
