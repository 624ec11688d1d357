import type { Changes } from './changes/changes.js';
import { openChanges } from './changes/redis-changes.js';
import { openRedis } from './state/redis.js';
import { openLimiter } from './limits/redis-buckets.js';
