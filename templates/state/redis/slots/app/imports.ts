import { openLimiter } from './limits/redis-buckets.js';
