import { expect, test } from 'vitest';
import type { Call, CallRequest } from '../../src/calls/call.js';
import { runCall } from '../../src/calls/run-call.js';
import { owner } from '../../src/testing/client.js';
import { createTestApp } from '../support/app.js';

const call: Call = { kind: 'tool', name: 'probe' };
const done = async () => 'done';

/** How the calls of `clients`, made at once, end. */
async function outcomes(
  env: Record<string, string>,
  clients: string[],
  work: () => Promise<string> = done,
) {
  const { limits } = await createTestApp(env);
  const calls = clients.map(async (id) => limits.run(call, { ...owner, id }, work));
  return (await Promise.allSettled(calls)).map((outcome) =>
    outcome.status === 'fulfilled' ? outcome.value : outcome.reason.code,
  );
}

test('each client has as many calls at once as RATE_LIMIT_BURST says', async () => {
  const env = { RATE_LIMIT_PER_MINUTE: '60', RATE_LIMIT_BURST: '2' };
  expect(await outcomes(env, ['a', 'a', 'a', 'b'])).toEqual([
    'done',
    'done',
    'RATE_LIMITED',
    'done',
  ]);
});

test('each client has MAX_CONCURRENT_CALLS under way, and then others', async () => {
  const env = { MAX_CONCURRENT_CALLS: '1' };
  expect(await outcomes(env, ['a', 'a', 'b'])).toEqual(['done', 'TOO_MANY_CALLS', 'done']);
  const { limits } = await createTestApp(env);
  const fail = async () => limits.run(call, owner, () => Promise.reject(new Error('failed')));
  await expect(fail()).rejects.toThrow('failed');
  expect(await limits.run(call, owner, done)).toBe('done');
});

test('a call that was answered and still runs takes its place, and the next caller learns why', async () => {
  const app = await createTestApp({ MAX_CONCURRENT_CALLS: '1', TOOL_TIMEOUT_MS: '10' });
  const { signal } = new AbortController();
  const request = { mcpReq: { id: 1, signal } } as unknown as CallRequest;
  const run = async (work: () => Promise<string>) => runCall(call, app, owner, request, work);
  let end: (value: string) => void = () => {};
  const deaf = run(
    () =>
      new Promise<string>((resolve) => {
        end = resolve;
      }),
  );
  await expect(deaf).rejects.toMatchObject({ code: 'TIMEOUT' });
  await expect(run(done)).rejects.toMatchObject({
    code: 'TOO_MANY_CALLS',
    message: expect.stringContaining('1 of them timed out or were cancelled and still run'),
  });
  expect(app.metrics.registry.text()).toContain('mcp_server_calls_overdue 1\n');
  end('done');
  await expect.poll(() => run(done).catch(({ code }) => code)).toBe('done');
  expect(app.metrics.registry.text()).toContain('mcp_server_calls_overdue 0\n');
});
