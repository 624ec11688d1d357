import { rateLimits } from './kit/limits/call-limits.js';
