import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { KeyValueStore } from '../../src/store/key-value.js';
import { redisStore } from '../../src/store/redis.js';
import { openPart } from './app.js';
import { REDIS_URL, redisClient, whyNoRedis } from './databases.js';

/** A kind of key-value store, for the tests that hold for all of them. A new one needs an entry here. */
export interface KeyValueFixture {
  readonly name: string;
  /** Why it cannot be tested here. */
  readonly why?: string | undefined;
  readonly part: Parameters<typeof openPart<never, KeyValueStore>>[0];
  /** The settings of a database. */
  env(): Promise<Record<string, string>>;
  /** The settings of a database that is not there, with a secret. */
  readonly away: Record<string, string>;
  /** Removes everything of a server with this name. */
  clear(name: string): Promise<void>;
}

export const redisFixture: KeyValueFixture = {
  name: 'Redis',
  why: await whyNoRedis(),
  part: redisStore() as never,
  env: async () => ({ DATABASE_URL: REDIS_URL }),
  away: { DATABASE_URL: 'redis://user:secret@127.0.0.1:1/0', DATABASE_TIMEOUT_MS: '300' },
  async clear(name) {
    const redis = await redisClient();
    const keys = await redis.keys(`${name}:*`);
    if (keys.length > 0) await redis.del(keys);
  },
};

export const keyValueFixtures = [redisFixture];

/** An empty store of its own for one test: the name of its server is one that no other has. */
export async function openKeyValueStore(
  { part, env, clear }: KeyValueFixture,
  changes: Parameters<typeof openPart>[2] & { readonly env?: Record<string, string> } = {},
): Promise<KeyValueStore> {
  const name = `test-${randomUUID()}`;
  const { env: own, ...rest } = changes;
  const about = { name, version: '1.0.0' };
  const store = openPart(part, { ...(await env()), ...own }, { about, ...rest });
  onTestFinished(async () => {
    await store.close();
    if (own === undefined) await clear(name);
  });
  return store;
}
