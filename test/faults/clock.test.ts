/** Clocks that are set while a server runs. */
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { faultsProject } from '../support/faults-project.js';
import { modern } from '../support/hostile-project.js';
import { ask, outcomeOf } from '../support/http-client.js';
import { forge, hmac } from '../support/issuer.js';
import { leftOut } from '../support/left-out.js';
import { clockThatJumps } from '../support/preload.js';
import { PrivateRedis } from '../support/redis.js';
import { builtProject, type RunningHttp, startHttp, stop } from '../support/server.js';

const DAY = 86_400_000;
const MONTH = 2_592_000;

let project: string;
beforeAll(async () => {
  project = await faultsProject();
});

async function serve(folder: string, env: Readonly<Record<string, string>>): Promise<RunningHttp> {
  const server = await startHttp(folder, env);
  onTestFinished(async () => void (await stop(server)));
  return server;
}

async function setClock(server: RunningHttp): Promise<void> {
  server.child.kill('SIGUSR2');
  await expect.poll(server.stderr).toContain('the clock was set');
}

const echo = (ms = 0) => modern('tools/call', { name: 'echo', arguments: { value: 'x', ms } });
const outcome = async (port: number, ms = 0) => outcomeOf(await ask(port, echo(ms)));

describe.each([
  ['forward', DAY],
  ['back', -DAY],
])('a clock that is set %s by a day', (_, jump) => {
  test('gives no calls and takes none', async () => {
    const env = { ...clockThatJumps(jump), RATE_LIMIT_PER_MINUTE: '30', RATE_LIMIT_BURST: '3' };
    const server = await serve(project, env);
    for (let call = 0; call < 3; call += 1) expect(await outcome(server.port)).toBe('ok');
    await setClock(server);
    expect(await outcome(server.port)).toBe('RATE_LIMITED');
    // A call comes back every two seconds.
    await expect.poll(() => outcome(server.port), { timeout: 10_000, interval: 500 }).toBe('ok');
  });

  test('neither ends a call under way nor lets it run for ever', async () => {
    const env = { ...clockThatJumps(jump), TOOL_TIMEOUT_MS: '1500' };
    const server = await serve(project, env);
    const calls = Promise.all([outcome(server.port, 1_000), outcome(server.port, 20_000)]);
    await expect.poll(() => server.stderr().split('work started').length).toBe(3);
    await setClock(server);
    expect(await calls).toEqual(['ok', 'TIMEOUT']);
    expect((await fetch(`http://127.0.0.1:${server.port}/readyz`)).status).toBe(200);
  });
});

test('a token that was right before has expired when the clock says so', async () => {
  const secret = 'Zq7RnV2-xK9bTf4WcY6mHs8LdP3gJa5E';
  const audience = 'https://mcp.example.com/mcp';
  const server = await serve(
    await builtProject({ starter: 'minimal', transport: ['http'], auth: 'jwt' }),
    {
      ...clockThatJumps(DAY),
      JWT_SECRET: secret,
      JWT_ISSUER: 'https://issuer.example.com',
      JWT_AUDIENCE: audience,
    },
  );
  const exp = Math.floor(Date.now() / 1000) + 3_600;
  const claims = { sub: 'alice', iss: 'https://issuer.example.com', aud: audience, exp };
  const authorization = `Bearer ${forge({ alg: 'HS256' }, claims, hmac(secret))}`;
  const list = modern('tools/list');
  const status = async () =>
    (await ask(server.port, { ...list, headers: { ...list.headers, authorization } })).status;
  expect([await status(), await status()]).toEqual([200, 200]);
  await setClock(server);
  expect(await status()).toBe(401);
});

test('a Redis whose clock was set back locks nobody out', async ({ skip }) => {
  const redis = await PrivateRedis.start().catch((error: Error) => {
    leftOut('the clock of Redis', error.message);
    return skip(error.message);
  });
  onTestFinished(() => redis.kill());
  const server = await serve(await faultsProject({ transport: ['http'], state: 'redis' }), {
    REDIS_URL: redis.url,
    RATE_LIMIT_PER_MINUTE: '30',
    RATE_LIMIT_BURST: '3',
  });
  expect(await outcome(server.port)).toBe('ok');
  const [key = ''] = /hostile:limit:\S+/.exec(await redis.command('KEYS *')) ?? [];
  // What Redis would have noted a month from now.
  const [, seconds] = /\r\n(\d+)\r\n/.exec(await redis.command('TIME')) ?? [];
  await redis.command(`SET ${key} ${Number(seconds) + MONTH}000000`);
  expect(await outcome(server.port)).toBe('RATE_LIMITED');
  await expect.poll(() => outcome(server.port), { timeout: 10_000, interval: 500 }).toBe('ok');
});
