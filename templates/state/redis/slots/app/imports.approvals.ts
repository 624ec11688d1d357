import { openUsedIds } from './policy/redis-used-ids.js';
