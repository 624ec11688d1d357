import type { SharedRedis } from '../state/redis.js';
