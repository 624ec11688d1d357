import { expect, onTestFinished, test, vi } from 'vitest';
import { Changes } from '../src/kit/definitions/definitions.js';
import { Registry } from '../src/kit/telemetry/metrics.js';
import { userCache, userUri } from '../src/users/user-cache.js';
import type { User } from '../src/users/users.js';

function openCache(seconds = 5) {
  const metrics = new Registry();
  const changes = new Changes();
  const config = { USER_CACHE_SECONDS: seconds };
  const env = { config, metrics, state: { changes } } as unknown;
  const cache = userCache().open(env as Parameters<ReturnType<typeof userCache>['open']>[0]);
  const load = vi.fn(async () => ({ id: '1', name: 'Ada' }) as User);
  const read = () => cache.get('1', load);
  const counts = () => metrics.text().match(/(?<=user_cache_reads_total\{outcome=").*/g);
  return { cache, changes, load, read, counts };
}

test('a user is read once, and hits and misses are counted', async () => {
  const { load, read, counts } = openCache();
  expect(counts()).toEqual(['hit"} 0', 'miss"} 0']);
  for (let n = 0; n < 3; n += 1) expect(await read()).toMatchObject({ name: 'Ada' });
  expect(load).toHaveBeenCalledTimes(1);
  expect(counts()).toEqual(['hit"} 2', 'miss"} 1']);
});

test('a user is kept for USER_CACHE_SECONDS', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { load, read } = openCache(5);
  await read();
  vi.advanceTimersByTime(4_999);
  await read();
  expect(load).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  await read();
  expect(load).toHaveBeenCalledTimes(2);
});

test('with 0 seconds nothing is kept', async () => {
  const { load, read } = openCache(0);
  await read();
  await read();
  expect(load).toHaveBeenCalledTimes(2);
});

test('a change here, at another replica or unknown makes it read again', async () => {
  const { cache, changes, load, read } = openCache();
  await read();
  cache.forget('1');
  await read();
  changes.deliver({ kind: 'resource_updated', uri: userUri('1') }, 'elsewhere');
  await read();
  changes.deliver({ kind: 'missed' }, 'elsewhere');
  await read();
  expect(load).toHaveBeenCalledTimes(4);
  changes.deliver({ kind: 'resource_updated', uri: userUri('2') }, 'elsewhere');
  await read();
  expect(load).toHaveBeenCalledTimes(4);
});

test('what was read before a change is not kept', async () => {
  const { cache, load, read } = openCache();
  let finish = (_: User) => {};
  load.mockReturnValueOnce(
    new Promise((resolve) => {
      finish = resolve;
    }),
  );
  const reading = read();
  cache.forget('1');
  finish({ id: '1', name: 'Old' } as User);
  expect(await reading).toMatchObject({ name: 'Old' });
  expect(await read()).toMatchObject({ name: 'Ada' });
});
