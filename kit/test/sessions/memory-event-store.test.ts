import { expect, test } from 'vitest';
import { type EventBounds, MemoryEventStore } from '../../src/sessions/memory-sessions.js';

const WIDE: EventBounds = { maxEvents: 100, maxBytes: 1e6, maxTotalBytes: 1e6, maxAgeMs: 60_000 };

/** Sessions of which none is over but those that are `over`. */
function storeOf(bounds = WIDE, over: string[] = []): MemoryEventStore {
  const counts = new Map<string, number>();
  const nextEvent = (session: string) => {
    const next = (counts.get(session) ?? 0) + 1;
    counts.set(session, next);
    return over.includes(session) ? undefined : next;
  };
  return new MemoryEventStore({ nextEvent }, bounds);
}

const message = (n: number) => ({ jsonrpc: '2.0' as const, method: 'test', params: { n } });

async function fill(store: MemoryEventStore, session: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) ids.push(await store.append(session, 'stream', message(n)));
  return ids;
}

test('gives what came after an event on the same stream of the same session', async () => {
  const store = storeOf();
  const [first = '', second = '', third = ''] = await fill(store, 'a', 3);
  await store.append('a', 'another stream', message(7));
  await fill(store, 'b', 2);
  expect(await store.streamOf('a', first)).toBe('stream');
  expect(await store.after('a', 'stream', first)).toEqual([
    { id: second, message: message(1) },
    { id: third, message: message(2) },
  ]);
  expect(await store.streamOf('b', third)).toBeUndefined();
  expect(await store.after('c', 'stream', '0')).toEqual([]);
});

test.each<[string, Partial<EventBounds>]>([
  ['events', { maxEvents: 3 }],
  ['bytes of a session', { maxBytes: 200 }],
  ['bytes of all', { maxTotalBytes: 200 }],
])('keeps the newest when there are too many %s, and those of others', async (_, bounds) => {
  const store = storeOf({ ...WIDE, ...bounds });
  const [other = ''] = await fill(store, 'b', 1);
  const ids = await fill(store, 'a', 10);
  expect(await store.streamOf('a', ids.at(0) ?? '')).toBeUndefined();
  expect(await store.streamOf('a', ids.at(-1) ?? '')).toBe('stream');
  expect(await store.streamOf('b', other)).toBe('stream');
});

test('forgets what is too old, and sessions that are over', async () => {
  const old = storeOf({ ...WIDE, maxAgeMs: 0 });
  const [gone = ''] = await fill(old, 'a', 1);
  expect(await old.streamOf('a', gone)).toBeUndefined();
  const store = storeOf();
  const [first = ''] = await fill(store, 'a', 3);
  await store.forget('a');
  expect(await store.streamOf('a', first)).toBeUndefined();
  expect(await storeOf(WIDE, ['a']).append('a', 'stream', message(1))).toBe('');
});

test('what others say does not show in the ids of a session', async () => {
  const store = storeOf();
  const [first] = await fill(store, 'a', 1);
  await fill(store, 'b', 100);
  const [second] = await fill(store, 'a', 1);
  expect(Number(second) - Number(first)).toBe(1);
});
