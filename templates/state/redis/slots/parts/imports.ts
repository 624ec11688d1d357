import { redis } from './kit/state/redis.js';
