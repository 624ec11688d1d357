import { randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { type LoggedChange, MAX_URIS } from '../../src/sessions/session-state.js';
import { titled } from '../support/databases.js';
import { INITIALIZE, memoryFixture, message, newKey, redisFixture } from '../support/sessions.js';

const fixtures = [memoryFixture, redisFixture].map(
  (fixture) => [titled(fixture.name, fixture.why), fixture] as const,
);

for (const [title, { why, open }] of fixtures) {
  describe.skipIf(why !== undefined)(title, () => {
    /** A store with a session in it. */
    async function begun(env: Record<string, string> = {}) {
      const state = await open(env);
      const [session, owner] = [newKey(), randomUUID()];
      expect(await state.store.begin(session, owner, INITIALIZE)).toBe('begun');
      return { ...state, session, owner };
    }

    test('a session is there for its owner, with what its client has said, until it ends', async () => {
      const { store, session, owner } = await begun();
      expect(await store.find(session, owner)).toMatchObject({ initialize: INITIALIZE, uris: [] });
      const setLevel = { ...INITIALIZE, method: 'logging/setLevel', params: { level: 'error' } };
      await store.setLevel(session, setLevel);
      for (const uri of ['test://a', 'test://b']) {
        expect(await store.subscribe(session, uri)).toBe(true);
      }
      await store.unsubscribe(session, 'test://b');
      const known = { initialize: INITIALIZE, setLevel, uris: ['test://a'] };
      expect(await store.find(session, owner)).toEqual(known);
      expect(await store.find(session, 'somebody else')).toBeUndefined();
      expect(await store.find(newKey(), owner)).toBeUndefined();
      await store.end(session);
      expect(await store.find(session, owner)).toBeUndefined();
      await store.setLevel(session, setLevel);
      expect(await store.subscribe(session, 'test://a')).toBe(false);
      expect(await store.beginCalls(session, 'stream', [1])).toBe('over');
      expect(await store.find(session, owner)).toBeUndefined();
      expect(await store.touch([session])).toEqual([session]);
    });

    test('a session subscribes to so many resources and no more', async () => {
      const { store, session, owner } = await begun();
      for (let n = 0; n < MAX_URIS; n += 1) {
        expect(await store.subscribe(session, `test://${n}`)).toBe(true);
      }
      expect(await store.subscribe(session, 'test://more')).toBe(false);
      expect(await store.subscribe(session, 'test://0')).toBe(true);
      await store.unsubscribe(session, 'test://0');
      expect(await store.subscribe(session, 'test://more')).toBe(true);
      expect((await store.find(session, owner))?.uris).toHaveLength(MAX_URIS);
    });

    test('of too many of an owner the one that was idle longest ends, never one in use', async () => {
      const { store, session, owner } = await begun({
        MAX_SESSIONS_PER_CALLER: '2',
        MAX_SESSIONS: '100000',
      });
      await turnOfTheClock();
      const [second, third, fourth] = [newKey(), newKey(), newKey()];
      await store.begin(second, owner, INITIALIZE);
      await store.beginCalls(session, 'stream', [1]);
      expect(await store.begin(third, owner, INITIALIZE)).toBe('begun');
      expect(await store.find(second, owner)).toBeUndefined();
      await store.hold(third, 'changes');
      expect(await store.begin(fourth, owner, INITIALIZE)).toBe('busy');
      expect(await store.begin(fourth, randomUUID(), INITIALIZE)).toBe('begun');
      await store.letGo(third, 'changes');
      expect(await store.begin(newKey(), owner, INITIALIZE)).toBe('begun');
      expect(await store.find(third, owner)).toBeUndefined();
      expect(await store.find(session, owner)).toBeDefined();
    });

    test('there are not more than MAX_SESSIONS in all', async () => {
      const { store } = await open({ MAX_SESSIONS: '1' });
      await store.begin(newKey(), randomUUID(), INITIALIZE);
      expect(await store.begin(newKey(), randomUUID(), INITIALIZE)).toBe('full');
    });

    test('a session is over when nobody has used it for a while, and touching one is use', async () => {
      const { store, session, owner } = await begun({ SESSION_IDLE_SECONDS: '1' });
      const used = newKey();
      await store.begin(used, owner, INITIALIZE);
      // Each time it names those that are over, or those that are so by now.
      const over: string[] = [];
      for (const end = performance.now() + 1_300; performance.now() < end; ) {
        over.push(...(await store.touch([used])));
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      expect(await store.find(session, owner)).toBeUndefined();
      over.push(...(await store.touch([session])));
      expect(over).toContain(session);
      expect(over).not.toContain(used);
      expect(await store.find(used, owner)).toBeDefined();
    });

    test('an id is taken while its call is under way, and free when that is over', async () => {
      const { store, session } = await begun();
      expect(await store.beginCalls(session, 'stream', [1, '1'])).toBe('begun');
      expect(await store.beginCalls(session, 'another', [3, 1])).toBe('taken');
      expect(await store.beginCalls(session, 'another', [3, 3])).toBe('taken');
      expect(await store.stateOf(session, 'another')).toBe('over');
      await store.endCalls(session, 'stream', [1]);
      expect(await store.stateOf(session, 'stream')).toBe('open');
      expect(await store.endLost(session, 'stream')).toEqual([]);
      await store.endCalls(session, 'an older one', ['1']);
      expect(await store.stateOf(session, 'stream')).toBe('open');
      await store.endCalls(session, 'stream', ['1']);
      expect(await store.stateOf(session, 'stream')).toBe('over');
      expect(await store.beginCalls(session, 'another', [3, 1])).toBe('begun');
    });

    test('who reads a stream is told what the session wants to hear of', async () => {
      const { store, session } = await begun();
      await store.subscribe(session, 'test://a');
      expect(await store.hold(session, 'changes')).toEqual(['test://a']);
      await store.letGo(session, 'changes');
    });

    test('a session finds its own events and no others, in their order', async () => {
      const { store, events, session } = await begun();
      const another = newKey();
      await store.begin(another, randomUUID(), INITIALIZE);
      const first = await events.append(session, 'stream', message(1));
      await events.append(session, 'another', message(2));
      await events.append(another, 'stream', message(3));
      const second = await events.append(session, 'stream', message(4));
      const third = await events.append(session, 'stream', message(5));
      expect(Number(second)).toBeGreaterThan(Number(first));
      expect(Number(third)).toBeGreaterThan(Number(second));
      expect(await events.streamOf(session, first)).toBe('stream');
      expect(await events.after(session, 'stream', first)).toEqual([
        { id: second, message: message(4) },
        { id: third, message: message(5) },
      ]);
      expect(await events.after(session, 'stream', third)).toEqual([]);
      for (const event of [third, '999', '__proto__', 'x']) {
        expect(await events.streamOf(another, event)).toBeUndefined();
      }
      await store.end(session);
      await events.forget(session);
      expect(await events.streamOf(session, first)).toBeUndefined();
      expect(await events.append(session, 'stream', message(6))).toBe('');
    });

    test('the log of changes says what came after a place, or that something was missed', async () => {
      const { changes, changed } = await open();
      const heard: LoggedChange[] = [];
      const stop = changes.listen((change) => heard.push(change));
      const uri = `test://${randomUUID()}`;
      const place = await changes.newest();
      changed(uri);
      await vi.waitFor(() => expect(heard.map(uriOf)).toContain(uri));
      stop();
      const find = async () => (await changes.after(place)).find((one) => uriOf(one) === uri)?.at;
      const last = await vi.waitUntil(find);
      expect((await changes.after(last)).map(uriOf)).not.toContain(uri);
      expect((await changes.after(last)).map(uriOf)).not.toContain('missed');
      expect((await changes.after('nonsense')).map(uriOf)).toEqual(['missed']);
    });
  });
}

const uriOf = ({ change }: LoggedChange) => ('uri' in change ? change.uri : change.kind);

/** What is ordered by time needs two times. */
async function turnOfTheClock(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
}
