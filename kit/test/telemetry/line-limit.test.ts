import { expect, test, vi } from 'vitest';
import { LineLimit } from '../../src/http/metrics.js';

test('there are so many lines a second, and the next one says what was left out', () => {
  const now = vi.spyOn(performance, 'now').mockReturnValue(5_000);
  const lines: object[] = [];
  const limit = new LineLimit(2);
  const write = () => limit.write((leftOut) => void lines.push(leftOut));
  for (let count = 0; count < 10; count += 1) write();
  expect(lines).toEqual([{}, {}]);
  now.mockReturnValue(6_000);
  write();
  write();
  expect(lines).toEqual([{}, {}, { leftOut: 8 }, {}]);
  now.mockRestore();
});
