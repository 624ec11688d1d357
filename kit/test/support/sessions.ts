import { memorySessions } from '../../src/sessions/memory-sessions.js';
import type { KeptSessions } from '../../src/sessions/open-sessions.js';
import { redisSessions } from '../../src/sessions/redis/redis-sessions.js';
import { redis } from '../../src/state/redis.js';
import { createTestApp } from './app.js';

export const memoryParts = { sessions: memorySessions() };
export const redisParts = { state: redis(), sessions: redisSessions() };

/** A server with sessions, and where they are kept. */
export async function createSessionApp(
  parts: typeof memoryParts | typeof redisParts,
  env: Record<string, string> = {},
) {
  const app = await createTestApp(env, { parts });
  const { state } = app.sessions as KeptSessions;
  return Object.assign(app, { state });
}

export type SessionApp = Awaited<ReturnType<typeof createSessionApp>>;
