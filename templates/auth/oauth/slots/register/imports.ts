import { stepUp } from '../auth/step-up.js';
