import { expect, test } from 'vitest';
import { bucketsOf, daysBefore, rangeOf } from '../src/analytics/days.js';

test.each([
  ['2026-11-30T00:00:00.000Z', '2026-11-30', '2026-11-30', '2026-11-01'],
  ['2026-11-29T23:59:59.999Z', '2026-11-29', '2026-11-23', '2026-11-01'],
  ['2027-01-01T10:00:00.000Z', '2027-01-01', '2026-12-28', '2027-01-01'],
  ['2024-02-29T10:00:00.000Z', '2024-02-29', '2024-02-26', '2024-02-01'],
])('%s is of the day, week and month that begin on %s, %s and %s', (time, day, week, month) => {
  expect(bucketsOf(new Date(time))).toEqual({ day, week, month });
});

test('a range is by default the 30 days up to today', () => {
  const now = new Date('2026-11-30T23:00:00Z');
  expect(rangeOf({}, now)).toEqual({ from: '2026-11-01', to: '2026-11-30' });
  expect(rangeOf({ to: '2026-03-01' }, now)).toEqual({ from: '2026-01-31', to: '2026-03-01' });
  expect(() => rangeOf({ from: '2026-12-01' }, now)).toThrow('before it begins');
});

test('the days before a range are as many', () => {
  expect(daysBefore({ from: '2026-03-01', to: '2026-03-07' })).toEqual({
    from: '2026-02-22',
    to: '2026-02-28',
  });
});
