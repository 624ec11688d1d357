import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { VerifiedTokens } from '../../src/auth/tokens.js';
import { nodeHost } from '../../src/host/node/host.js';
import { owner } from '../../src/testing/client.js';

const HOUR = 3_600_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'performance'] }));
afterEach(() => void vi.useRealTimers());

function remembered(): VerifiedTokens {
  const tokens = new VerifiedTokens(60, nodeHost);
  tokens.add('token', owner, (Date.now() + HOUR) / 1_000);
  return tokens;
}

test('a token is remembered for a minute, also when the clock is set back', () => {
  const tokens = remembered();
  vi.setSystemTime(Date.now() - HOUR);
  vi.advanceTimersByTime(59_000);
  expect(tokens.get('token')).toBe(owner);
  vi.advanceTimersByTime(2_000);
  expect(tokens.get('token')).toBeUndefined();
});

test('an expired token is forgotten at once when the clock is set forward', () => {
  const tokens = remembered();
  vi.setSystemTime(Date.now() + HOUR);
  expect(tokens.get('token')).toBeUndefined();
});
