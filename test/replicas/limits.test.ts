/** A limit is a limit of the fleet: N calls pass, however many replicas there are, and not one more. */
import { expect, onTestFinished, test } from 'vitest';
import { KEYS, startFleet } from '../support/fleet.js';
import { outcomeOf, tally } from '../support/limits-project.js';
import { eras, rpc } from '../support/rpc.js';

test.each([2, 4])('%i replicas let through exactly what one would', async (size) => {
  const fleet = await startFleet(size, {
    RATE_LIMIT_PER_MINUTE: '1',
    RATE_LIMIT_BURST: '40',
    RATE_LIMIT_ON_ERROR: 'closed',
  });
  onTestFinished(() => fleet.stop());
  const outcomes = await Promise.all(
    Array.from({ length: 120 }, async (_, n) => {
      const era = eras[n % 2] ?? '2026-07-28';
      const key = n % 3 === 0 ? KEYS.bob : KEYS.alice;
      const call = { name: 'search_notes', arguments: {} };
      const answer = await rpc({ url: fleet.balancer.url, key, era }, 'tools/call', call);
      return `${key === KEYS.bob ? 'bob' : 'alice'}: ${outcomeOf(answer)}`;
    }),
  );
  expect(tally(outcomes)).toEqual({
    'alice: ok': 40,
    'alice: RATE_LIMITED': 40,
    'bob: ok': 40,
  });
});
