import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { feature, HINTS, HTTP, SERVERS, STDIO, smoke } from './fixtures.js';

const fixtureProcesses = () =>
  execFileSync('ps', ['-A', '-o', 'stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(SERVERS) && !line.startsWith('Z'));

test.each([0, 30, 150, 400])('an abort after %i ms leaves nothing behind', async (ms) => {
  const controller = new AbortController();
  const reason = new Error('Ctrl-C');
  setTimeout(() => controller.abort(reason), ms);
  const store = feature({ smoke: { env: { STORE: '{tmp}/x' } } });
  const started = performance.now();
  const work = smoke([STDIO, HTTP, store, HINTS], 'hang', { signal: controller.signal });
  await expect(work).rejects.toBe(reason);
  expect(performance.now() - started).toBeLessThan(ms + 1000);
  expect(fixtureProcesses()).toEqual([]);
  const left = (await readdir(tmpdir())).filter((name) => name.startsWith('mcp-gen-smoke-'));
  expect(left).toEqual([]);
});

test('a signal that is aborted from the start starts nothing', async () => {
  await expect(
    smoke([STDIO], '', { signal: AbortSignal.abort(new Error('too late')) }),
  ).rejects.toThrow('too late');
});
