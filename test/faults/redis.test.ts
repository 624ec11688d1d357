/** A Redis that freezes, is killed and comes back while clients are at work. What one call gets is in `hostile/limits-redis`. */
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { faultsProject, startUnlimited } from '../support/faults-project.js';
import { leftOut } from '../support/left-out.js';
import { becomesFine, only, seenWhile, startLoad } from '../support/load.js';
import { PrivateRedis } from '../support/redis.js';
import { stop } from '../support/server.js';

let project: string;
beforeAll(async () => {
  project = await faultsProject({ transport: ['http'], state: 'redis' });
});

describe.each([
  ['open', ['ok']],
  ['closed', ['ok', 'LIMITS_UNAVAILABLE']],
])('RATE_LIMIT_ON_ERROR=%s', (mode, expected) => {
  test('no call hangs or breaks, and all is well again by itself', async ({ skip }) => {
    const redis = await PrivateRedis.start().catch((error: Error) => {
      leftOut('faults of Redis', error.message);
      return skip(error.message);
    });
    onTestFinished(() => redis.kill());
    const server = await startUnlimited(project, {
      REDIS_URL: redis.url,
      RATE_LIMIT_ON_ERROR: mode,
    });
    onTestFinished(async () => void (await stop(server)));
    const clients = startLoad(server.port, (era, value) =>
      era('tools/call', { name: 'echo', arguments: { value } }),
    );
    await becomesFine(clients);

    for (const [breaks, mends] of [
      [() => redis.freeze(), () => redis.thaw()],
      [() => redis.kill(), () => redis.start()],
    ]) {
      await breaks?.();
      const seen = await seenWhile(clients, expected.at(-1) ?? 'ok', 2_000);
      expect(seen).toEqual(only(...expected));
      await mends?.();
      await becomesFine(clients);
    }
    expect(server.stderr()).not.toMatch(/uncaughtException|unhandledRejection/);
  });
});
