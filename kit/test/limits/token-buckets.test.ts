import { expect, test } from 'vitest';
import { TokenBuckets } from '../../src/limits/call-limits.js';
import { owner } from '../../src/testing/client.js';
import { createTestApp } from '../support/app.js';

const SECOND = 1_000_000;
const two = (key: string) => [{ key, perMinute: 60, burst: 2 }];

test('a bucket is used up, refills evenly and counts its client alone', () => {
  const buckets = new TokenBuckets();
  expect([0, 0].map((now) => buckets.take(two('a'), now))).toEqual([0, 0]);
  expect(buckets.take(two('a'), 0)).toBe(1000);
  expect(buckets.take(two('b'), 0)).toBe(0);
  expect(buckets.take(two('a'), 0.4 * SECOND)).toBe(600);
  expect(buckets.take(two('a'), SECOND)).toBe(0);
  expect(buckets.take(two('a'), SECOND)).toBe(1000);
  expect([99, 99].map((now) => buckets.take(two('a'), now * SECOND))).toEqual([0, 0]);
});

test('a call that one bucket refuses takes nothing from the others', () => {
  const buckets = new TokenBuckets();
  const empty = { key: 'tool', perMinute: 1, burst: 1 };
  buckets.take([empty], 0);
  for (let call = 0; call < 5; call += 1) buckets.take([...two('a'), empty], 0);
  expect(buckets.take(two('a'), 0)).toBe(0);
});

test('the limit of a tool holds', async () => {
  const { limits } = await createTestApp();
  const run = async () =>
    limits.run({ kind: 'tool', name: 'probe', perMinute: 2 }, owner, async () => 'done');
  expect([await run(), await run()]).toEqual(['done', 'done']);
  await expect(run()).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    details: { retryable: true, retryAfter: 30 },
  });
});
