import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { ToolError } from '../../src/definitions/definitions.js';
import { settleEach } from '../../src/outbound/partial.js';

const logOf = () => ({ error: vi.fn() });
const { signal } = new AbortController();

test('failures do not hide what was done, in the order of the items', async () => {
  const log = logOf();
  const { done, failed } = await settleEach(
    [1, 2, 3, 4],
    { signal, log: log as never },
    async (n) => {
      await sleep(20 - 4 * n);
      if (n === 2) throw new ToolError('CONFLICT', 'It is taken.');
      if (n === 3) throw new Error('postgres://user:hunter2@db');
      return n * 10;
    },
  );
  expect(done).toEqual([
    { item: 1, result: 10 },
    { item: 4, result: 40 },
  ]);
  expect(failed).toEqual([
    { item: 2, code: 'CONFLICT', message: 'It is taken.', retryable: false },
    { item: 3, code: 'INTERNAL', message: 'Internal error.', retryable: false },
  ]);
  expect(log.error).toHaveBeenCalledOnce();
});

test('no more run at once than may', async () => {
  let running = 0;
  let most = 0;
  await settleEach(
    Array.from({ length: 20 }),
    { signal, log: logOf() as never },
    async () => {
      running += 1;
      most = Math.max(most, running);
      await sleep(1);
      running -= 1;
    },
    3,
  );
  expect(most).toBe(3);
});

test('nothing begins any more when the caller has left, and what has begun ends first', async () => {
  const caller = new AbortController();
  const reason = new Error('gone');
  const log: string[] = [];
  const work = settleEach(
    [1, 2, 3],
    { signal: caller.signal, log: logOf() as never },
    async (n) => {
      log.push(`begin ${n}`);
      if (n === 1) caller.abort(reason);
      await sleep(10);
      log.push(`end ${n}`);
    },
    2,
  );
  await expect(work).rejects.toBe(reason);
  expect(log).toEqual(['begin 1', 'end 1']);
});
