import type { Logger } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OverdueCalls } from '../../src/calls/call.js';
import { owner } from '../../src/testing/client.js';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('the log names calls that do not stop, now and then', () => {
  const warn = vi.fn();
  const overdue = new OverdueCalls({ warn } as unknown as Logger);
  const begin = (name: string) => overdue.begin({ kind: 'tool', name }, owner);
  const quick = begin('quick');
  const ends = [begin('deaf'), begin('deaf')];
  expect(overdue.countOf(owner.id)).toBe(3);
  vi.advanceTimersByTime(500);
  quick();
  vi.advanceTimersByTime(600);
  expect(warn.mock.calls).toEqual([[{ calls: 2, names: ['deaf'] }, expect.any(String)]]);
  vi.advanceTimersByTime(60_000);
  expect(warn).toHaveBeenCalledTimes(2);
  for (const end of ends) end();
  expect([overdue.count, overdue.countOf(owner.id)]).toEqual([0, 0]);
  vi.advanceTimersByTime(600_000);
  expect(warn).toHaveBeenCalledTimes(2);
});
