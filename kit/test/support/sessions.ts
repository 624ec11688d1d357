import { randomUUID } from 'node:crypto';
import { expect, vi } from 'vitest';
import { nodeHost } from '../../src/host/node/host.js';
import { memorySessions, type SessionsService } from '../../src/sessions/memory-sessions.js';
import { redisSessions } from '../../src/sessions/redis/redis-sessions.js';
import { keyOf, type SessionState, type SessionStore } from '../../src/sessions/session-state.js';
import { redis } from '../../src/state/redis.js';
import { about, createTestApp } from './app.js';
import { REDIS_URL, redisClient, whyNoRedis } from './databases.js';

export const memoryParts = { sessions: memorySessions() };
export const redisParts = { state: redis(), sessions: redisSessions() };

/** A server with sessions, and where they are kept. */
export async function createSessionApp(
  parts: typeof memoryParts | typeof redisParts,
  env: Record<string, string> = {},
) {
  const app = await createTestApp(env, { parts });
  const { state } = app.sessions as SessionsService;
  return Object.assign(app, { state });
}

/** A place where sessions are kept, for the tests that hold for all of them. A new one needs an entry here. */
export interface SessionsFixture {
  readonly name: string;
  /** Why it cannot be tested here. */
  readonly why?: string | undefined;
  open(env?: Record<string, string>): Promise<SessionState & { changed(uri: string): void }>;
}

export const memoryFixture: SessionsFixture = {
  name: 'memory',
  async open(env) {
    const { state, changes } = await createSessionApp(memoryParts, env);
    return { ...state, changed: (uri) => changes.resourceUpdated(uri) };
  },
};

export const redisFixture: SessionsFixture = {
  name: 'Redis',
  why: await whyNoRedis(),
  async open(env) {
    const { state, changes } = await createSessionApp(redisParts, { REDIS_URL, ...env });
    // Until it listens, it is taken for one that has gone.
    state.store.listen(() => {});
    const redis = await redisClient();
    const channel = channelOf(state.store);
    await vi.waitFor(async () => {
      expect(await redis.pubsub('NUMSUB', channel)).toEqual([channel, 1]);
    });
    return { ...state, changed: (uri) => changes.resourceUpdated(uri) };
  },
};

/** Where in Redis a replica is told what concerns its sessions. */
export function channelOf({ here }: SessionStore): string {
  return `${about.name}:0:sessions:${here.slice(1)}`;
}

/** A request that begins a session. */
export const INITIALIZE = {
  jsonrpc: '2.0' as const,
  id: 0,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'test', version: '1.0.0' },
  },
};

/** A session that no other test has. */
export const newKey = () => keyOf(randomUUID(), nodeHost);

export const message = (n: number) => ({ jsonrpc: '2.0' as const, method: 'test', params: { n } });

export type SessionApp = Awaited<ReturnType<typeof createSessionApp>>;
