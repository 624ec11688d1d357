import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Change, Origin } from '../../src/definitions/definitions.js';
import type { SharedState } from '../../src/parts.js';
import { memoryState } from '../../src/state/memory.js';
import { redis } from '../../src/state/redis.js';
import { openPart } from '../support/app.js';
import { REDIS_URL, titled, whyNoRedis } from '../support/databases.js';

/** A kind of state, for the tests that hold for all of them. A new one needs an entry here. */
interface StateFixture {
  readonly name: string;
  /** Why it cannot be tested here. */
  readonly why?: string | undefined;
  open(): SharedState;
}

const fixtures: readonly StateFixture[] = [
  { name: 'memory', open: memoryState },
  { name: 'Redis', why: await whyNoRedis(), open: () => openPart(redis(), { REDIS_URL }) },
];

for (const { name, why, open } of fixtures) {
  describe.skipIf(why !== undefined)(titled(name, why), () => {
    function start(): SharedState {
      const state = open();
      onTestFinished(() => state.close());
      return state;
    }

    test('an id counts once, in the set that it was given', async () => {
      const { nonces } = start();
      const set = await nonces.setForNew(10);
      expect(await nonces.setForNew(10)).toBe(set);
      const [id, other] = [randomUUID(), randomUUID()];
      expect(await nonces.claim(id, set)).toBe('first');
      expect(await nonces.claim(id, set)).toBe('again');
      expect(await nonces.claim(other, set)).toBe('first');
      expect(await nonces.claim(randomUUID(), randomUUID())).toBe('unknown');
    });

    test('of many who claim an id at once one is first', async () => {
      const { nonces } = start();
      const set = await nonces.setForNew(10);
      const id = randomUUID();
      const claims = await Promise.all(Array.from({ length: 5 }, () => nonces.claim(id, set)));
      expect(claims.filter((claim) => claim === 'first')).toHaveLength(1);
      expect(claims.filter((claim) => claim === 'again')).toHaveLength(4);
    });

    test('a bucket is used up, and counts its client alone', async () => {
      const { limiter } = start();
      const bucket = (key: string) => [{ key: `{${key}}`, perMinute: 1, burst: 2 }];
      const [mine, other] = [bucket(randomUUID()), bucket(randomUUID())];
      expect([await limiter.take(mine), await limiter.take(mine)]).toEqual([0, 0]);
      const wait = await limiter.take(mine);
      expect(wait).toBeGreaterThan(50_000);
      expect(wait).toBeLessThanOrEqual(60_000);
      expect(await limiter.take(other)).toBe(0);
    });

    test('a call that one bucket refuses takes nothing from the others', async () => {
      const { limiter } = start();
      const client = `{${randomUUID()}}`;
      const all = { key: client, perMinute: 1, burst: 1 };
      const empty = { key: `${client}:tool`, perMinute: 1, burst: 1 };
      expect(await limiter.take([empty])).toBe(0);
      for (let call = 0; call < 5; call += 1) {
        expect(await limiter.take([all, empty])).toBeGreaterThan(0);
      }
      expect(await limiter.take([all])).toBe(0);
    });

    test('a listener of this process hears of a change once in a turn, until it stops', async () => {
      const { changes } = start();
      const heard: [Change, Origin][] = [];
      const stop = changes.listen((change, origin) => {
        if (change.kind !== 'missed') heard.push([change, origin]);
      });
      const uri = `test://${randomUUID()}`;
      for (let times = 0; times < 3; times += 1) changes.resourceUpdated(uri);
      changes.resourcesChanged();
      const expected = [
        [{ kind: 'resource_updated', uri }, 'here'],
        [{ kind: 'resources_list_changed' }, 'here'],
      ];
      await vi.waitFor(() => {
        const own = heard.filter(([, origin]) => origin === 'here');
        expect(own).toEqual(expected);
      });
      stop();
      changes.resourceUpdated(uri);
      await new Promise(setImmediate);
      await new Promise(setImmediate);
      expect(heard.filter(([, origin]) => origin === 'here')).toEqual(expected);
    });
  });
}
