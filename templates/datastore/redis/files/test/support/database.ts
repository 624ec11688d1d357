import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';

const { DATABASE_URL: url = 'redis://127.0.0.1:6380/0' } = process.env;

/** The settings of a database for one test: keys with a prefix of its own, which are removed with it. */
export async function openTestDatabase() {
  const prefix = `test-${randomUUID()}`;
  const redis = await connect();
  onTestFinished(async () => {
    for await (const keys of redis.scanStream({ match: `${prefix}:*`, count: 1_000 })) {
      if (keys.length > 0) await redis.unlink(keys);
    }
    redis.disconnect();
  });
  return { DATABASE_URL: url, DATABASE_PREFIX: prefix };
}

async function connect(): Promise<Redis> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  let reason: Error | undefined;
  redis.on('error', (error) => {
    reason = error;
  });
  await redis.connect().catch((error: unknown) => {
    const cause = reason ?? error;
    throw new Error(`The tests need Redis at DATABASE_URL: ${String(cause)}`, { cause });
  });
  return redis;
}
