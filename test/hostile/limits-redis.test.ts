import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  limitsProject,
  newClient,
  outcome,
  startLimited,
  tally,
  times,
} from '../support/limits-project.js';
import { PrivateRedis } from '../support/redis.js';
import { startProcess, stop } from '../support/server.js';

const { TEST_REDIS_URL: SHARED = 'redis://127.0.0.1:6379' } = process.env;
const LIMIT = { RATE_LIMIT_PER_MINUTE: '10' };

let project: string;
beforeAll(async () => {
  project = await limitsProject({ state: 'redis' });
});

async function serve(env: Readonly<Record<string, string>>, client = newClient()) {
  const server = await startLimited(project, { ...LIMIT, ...env }, client);
  onTestFinished(async () => void (await stop(server)));
  return server;
}

async function privateRedis(): Promise<PrivateRedis> {
  const redis = await PrivateRedis.start();
  onTestFinished(() => redis.kill());
  return redis;
}

/** How calls one after the other end, how long the slowest took, and how many waited for Redis in vain. */
async function inTurn(port: number, count: number) {
  const outcomes: string[] = [];
  const times: number[] = [];
  for (let call = 0; call < count; call += 1) {
    const started = performance.now();
    outcomes.push(await outcome(port, 'echo'));
    times.push(performance.now() - started);
  }
  return { outcomes, slowest: Math.max(...times), slow: times.filter((ms) => ms > 350).length };
}

/** How often the log says that Redis went away and came back. */
function changes(log: string) {
  const count = (text: string) => log.split(text).length - 1;
  return { gone: count('no answer from Redis'), back: count('Redis answers again') };
}

describe('two replicas', () => {
  test('share the limit of a client', async () => {
    const client = newClient();
    const env = { REDIS_URL: SHARED, RATE_LIMIT_ON_ERROR: 'closed' };
    const replicas = [await serve(env, client), await serve(env, client)];
    const outcomes = await Promise.all(
      replicas.map(({ port }) => times(25, () => outcome(port, 'echo'))),
    );
    expect(tally(outcomes.flat())).toEqual({ ok: 10, RATE_LIMITED: 40 });
  });

  test('share the limit of a tool, which takes nothing from the client when it is used up', async () => {
    const client = newClient();
    const env = { REDIS_URL: SHARED, RATE_LIMIT_ON_ERROR: 'closed' };
    const replicas = [await serve(env, client), await serve(env, client)];
    const few = await Promise.all(
      replicas.map(({ port }) => times(10, () => outcome(port, 'few'))),
    );
    expect(tally(few.flat())).toEqual({ ok: 3, RATE_LIMITED: 17 });
    const rest = await Promise.all(
      replicas.map(({ port }) => times(10, () => outcome(port, 'echo'))),
    );
    expect(tally(rest.flat())).toEqual({ ok: 7, RATE_LIMITED: 13 });
  });

  test('count by themselves when there is no Redis to ask', async () => {
    const client = newClient();
    const replicas = [await serve({}, client), await serve({}, client)];
    const outcomes = await Promise.all(
      replicas.map(({ port }) => times(20, () => outcome(port, 'echo'))),
    );
    expect(tally(outcomes.flat())).toEqual({ ok: 20, RATE_LIMITED: 20 });
  });
});

describe.each([
  ['open', 'ok'],
  ['closed', 'LIMITS_UNAVAILABLE'],
])('%s, when Redis', (mode, expected) => {
  /** A server whose Redis answers, after one call. */
  async function serveWith(redis: PrivateRedis) {
    const server = await serve({ REDIS_URL: redis.url, RATE_LIMIT_ON_ERROR: mode });
    expect(await outcome(server.port, 'echo')).toBe('ok');
    return server;
  }

  test('is frozen: it is decided soon, logged once, and mends itself', async () => {
    const redis = await privateRedis();
    const server = await serveWith(redis);
    redis.freeze();
    const { outcomes, slowest, slow } = await inTurn(server.port, 9);
    expect(tally(outcomes)).toEqual({ [expected]: 9 });
    expect(slowest).toBeLessThan(1_000);
    expect(slow, 'Redis is left alone after three failures').toBeLessThan(7);
    const atOnce = await times(30, () => outcome(server.port, 'wait', { ms: 0 }));
    expect(Object.keys(tally(atOnce))).not.toContain('500');
    await expect.poll(() => changes(server.stderr())).toEqual({ gone: 1, back: 0 });

    redis.thaw();
    await expect
      .poll(() => outcome(server.port, 'echo').then(() => changes(server.stderr())), {
        timeout: 10_000,
        interval: 300,
      })
      .toEqual({ gone: 1, back: 1 });
  });

  test('is killed and comes back', async () => {
    const redis = await privateRedis();
    const server = await serveWith(redis);
    await redis.kill();
    const { outcomes, slowest } = await inTurn(server.port, 8);
    expect(tally(outcomes)).toEqual({ [expected]: 8 });
    expect(slowest).toBeLessThan(1_000);

    await redis.start();
    await expect
      .poll(() => outcome(server.port, 'echo').then(() => changes(server.stderr())), {
        timeout: 10_000,
        interval: 300,
      })
      .toEqual({ gone: 1, back: 1 });
  });

  test('was never there, and comes later', async () => {
    const redis = await privateRedis();
    await redis.kill();
    const server = await serve({ REDIS_URL: redis.url, RATE_LIMIT_ON_ERROR: mode });
    expect(tally((await inTurn(server.port, 5)).outcomes)).toEqual({ [expected]: 5 });
    await redis.start();
    await expect
      .poll(() => outcome(server.port, 'echo').then(() => changes(server.stderr())), {
        timeout: 10_000,
        interval: 300,
      })
      .toEqual({ gone: 1, back: 1 });
  });

  test('hangs from the start', async () => {
    const redis = await privateRedis();
    redis.freeze();
    const server = await serve({ REDIS_URL: redis.url, RATE_LIMIT_ON_ERROR: mode });
    const { outcomes, slowest } = await inTurn(server.port, 5);
    expect(tally(outcomes)).toEqual({ [expected]: 5 });
    expect(slowest).toBeLessThan(1_500);
    expect(await stop(server)).toBe(0);
  });

  test('has something else at a key of ours', async () => {
    const redis = await privateRedis();
    const client = newClient();
    const server = await serve({ REDIS_URL: redis.url, RATE_LIMIT_ON_ERROR: mode }, client);
    await redis.command(`LPUSH hostile:limit:{${client}} x`);
    expect(await outcome(server.port, 'echo')).toBe(expected);
    await redis.command('FLUSHALL');
    expect(await outcome(server.port, 'echo')).toBe('ok');
  });
});

test('open: the limit still holds in this process', async () => {
  const redis = await privateRedis();
  const server = await serve({ REDIS_URL: redis.url });
  await redis.kill();
  const outcomes = await times(50, () => outcome(server.port, 'echo'));
  expect(tally(outcomes)).toEqual({ ok: 10, RATE_LIMITED: 40 });
});

test('an idle connection to Redis is kept', async () => {
  const redis = await privateRedis();
  const server = await serve({ REDIS_URL: redis.url, RATE_LIMIT_ON_ERROR: 'closed' });
  expect(await outcome(server.port, 'echo')).toBe('ok');
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(await outcome(server.port, 'echo')).toBe('ok');
  expect(changes(server.stderr())).toEqual({ gone: 0, back: 0 });
});

describe('without REDIS_URL', () => {
  const KEY = 'alice:q7Rv2Xk9Wm4Tz8Lp';

  test('a server in production does not start, and names it with all other problems', async () => {
    const env = { NODE_ENV: 'production', MCP_API_KEYS: KEY, TOOL_TIMEOUT_MS: '-1' };
    const { ended, stderr } = startProcess(project, 'http.js', env);
    expect(await ended).toBe(1);
    expect(stderr()).toMatch(/TOOL_TIMEOUT_MS: .*\n.*REDIS_URL: is required/);
  });

  test('one in development starts with a warning', async () => {
    const server = await serve({});
    expect(server.stderr()).toMatch(/"level":"warn".*no REDIS_URL/);
  });
});
