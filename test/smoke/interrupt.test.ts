import { expect, test } from 'vitest';
import { feature } from '../support/feature.js';
import { HINTS, HTTP, leftInTmp, ourProcesses, STDIO, smoke } from './fixtures.js';

const STORE = feature({ smoke: { env: { STORE: '{tmp}/notes.db' } } });

test.each([0, 30, 150, 400])('an abort after %i ms leaves nothing behind', async (ms) => {
  const controller = new AbortController();
  const reason = new Error('Ctrl-C');
  const left = await leftInTmp(async () => {
    setTimeout(() => controller.abort(reason), ms);
    const started = performance.now();
    const work = smoke([STDIO, HTTP, STORE, HINTS], 'hang', { signal: controller.signal });
    await expect(work).rejects.toBe(reason);
    expect(performance.now() - started).toBeLessThan(ms + 1500);
  });
  expect(left).toEqual([]);
  expect(ourProcesses()).toEqual([]);
});

test('while it runs, the servers are there to be found', async () => {
  const controller = new AbortController();
  const work = smoke([STDIO, HTTP, HINTS], 'hang', { signal: controller.signal });
  await expect.poll(ourProcesses, { timeout: 4000 }).toHaveLength(3);
  controller.abort(new Error('enough'));
  await expect(work).rejects.toThrow('enough');
  expect(ourProcesses()).toEqual([]);
});

test('a signal that is aborted from the start starts nothing', async () => {
  const signal = AbortSignal.abort(new Error('too late'));
  await expect(smoke([STDIO], '', { signal })).rejects.toThrow('too late');
});
