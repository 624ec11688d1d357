import { expect, test } from 'vitest';
import { MemorySessionStore } from '../../src/sessions/memory-sessions.js';
import { INITIALIZE } from '../support/sessions.js';

const LIMITS = { SESSION_IDLE_SECONDS: 60, MAX_SESSIONS: 10, MAX_SESSIONS_PER_CALLER: 2 };

test('those that are over make room, and are named once', async () => {
  const store = new MemorySessionStore({ ...LIMITS, SESSION_IDLE_SECONDS: 0, MAX_SESSIONS: 1 });
  await store.begin('a', 'owner', INITIALIZE);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await store.begin('b', 'owner', INITIALIZE)).toBe('begun');
  expect(await store.touch([])).toContain('a');
  expect(await store.touch([])).not.toContain('a');
});

test('events are counted for each session', async () => {
  const store = new MemorySessionStore(LIMITS);
  for (const session of ['a', 'b']) await store.begin(session, 'owner', INITIALIZE);
  expect([store.nextEvent('a'), store.nextEvent('b'), store.nextEvent('a')]).toEqual([1, 1, 2]);
  await store.end('a');
  expect(store.nextEvent('a')).toBeUndefined();
});
