import { redisSessions } from './kit/sessions/redis/redis-sessions.js';
