import { expect, test } from 'vitest';
import { MemorySessionStore } from '../../src/sessions/memory-sessions.js';

const INITIALIZE = { jsonrpc: '2.0' as const, id: 0, method: 'initialize', params: {} };
const LIMITS = { SESSION_IDLE_SECONDS: 60, MAX_SESSIONS: 10, MAX_SESSIONS_PER_CALLER: 2 };

test('a session is there for its owner until it ends', async () => {
  const store = new MemorySessionStore(LIMITS);
  expect(await store.begin('a', 'owner', INITIALIZE)).toBe('begun');
  await store.subscribe('a', 'test://a');
  expect(await store.find('a', 'owner')).toMatchObject({
    initialize: INITIALIZE,
    uris: ['test://a'],
  });
  expect(await store.find('a', 'somebody else')).toBeUndefined();
  await store.end('a');
  expect(await store.find('a', 'owner')).toBeUndefined();
  expect(await store.touch([])).toEqual(['a']);
});

test('of too many of an owner the one that was idle longest ends, never one in use', async () => {
  const store = new MemorySessionStore(LIMITS);
  await store.begin('a', 'owner', INITIALIZE);
  await store.begin('b', 'owner', INITIALIZE);
  await store.beginCalls('a', 'stream', [1]);
  expect(await store.begin('c', 'owner', INITIALIZE)).toBe('begun');
  expect(await store.find('b', 'owner')).toBeUndefined();
  await store.hold('c', 'changes');
  expect(await store.begin('d', 'owner', INITIALIZE)).toBe('busy');
  expect(await store.begin('d', 'somebody else', INITIALIZE)).toBe('begun');
});

test('there are not more than MAX_SESSIONS, and those that are over make room', async () => {
  const full = new MemorySessionStore({ ...LIMITS, MAX_SESSIONS: 1 });
  await full.begin('a', 'owner', INITIALIZE);
  expect(await full.begin('b', 'somebody else', INITIALIZE)).toBe('full');
  const store = new MemorySessionStore({ ...LIMITS, SESSION_IDLE_SECONDS: 0, MAX_SESSIONS: 1 });
  await store.begin('a', 'owner', INITIALIZE);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await store.find('a', 'owner')).toBeUndefined();
  expect(await store.begin('b', 'owner', INITIALIZE)).toBe('begun');
});

test('an id is free when its call is over', async () => {
  const store = new MemorySessionStore(LIMITS);
  await store.begin('a', 'owner', INITIALIZE);
  expect(await store.beginCalls('a', 'stream', [1, 2])).toBe('begun');
  expect(await store.beginCalls('a', 'another', [3, 1])).toBe('taken');
  expect(await store.beginCalls('a', 'another', [3, 3])).toBe('taken');
  await store.endCalls('a', 'stream', [1]);
  expect(await store.stateOf('a', 'stream')).toBe('open');
  await store.endCalls('a', 'an older one', [2]);
  expect(await store.stateOf('a', 'stream')).toBe('open');
  await store.endCalls('a', 'stream', [2]);
  expect(await store.stateOf('a', 'stream')).toBe('over');
  expect(await store.beginCalls('a', 'another', [3, 1])).toBe('begun');
  await store.end('a');
  expect(await store.beginCalls('a', 'another', [4])).toBe('over');
});

test('events are counted for each session', async () => {
  const store = new MemorySessionStore(LIMITS);
  for (const session of ['a', 'b']) await store.begin(session, 'owner', INITIALIZE);
  expect([store.nextEvent('a'), store.nextEvent('b'), store.nextEvent('a')]).toEqual([1, 1, 2]);
  await store.end('a');
  expect(store.nextEvent('a')).toBeUndefined();
});
