import { expect, test } from 'vitest';
import type { Call } from '../../src/calls/run-call.js';
import { createTestApp } from '../support/app.js';
import { owner } from '../support/client.js';

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
