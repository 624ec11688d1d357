import { randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import type { LoggedChange } from '../../src/sessions/session-state.js';
import { ChangeReader } from '../../src/sessions/session-streams.js';
import { about } from '../support/app.js';
import { NOWHERE, REDIS_URL, redisClient, titled, whyNoRedis } from '../support/databases.js';
import { createSessionApp, redisParts } from '../support/sessions.js';

const CHANNEL = `${about.name}:0:session-changes`;

/** A replica that hears of changes, and what one of its streams says. */
async function replica(url = REDIS_URL) {
  const { changes, state } = await createSessionApp(redisParts, { REDIS_URL: url });
  const redis = await redisClient();
  const heard: LoggedChange[] = [];
  const reader = new ChangeReader(state.changes, (change) => heard.push(change));
  return { changes, log: state.changes, heard, reader, redis };
}

const uriOf = ({ change }: LoggedChange) => ('uri' in change ? change.uri : change.kind);
const uris = (heard: readonly LoggedChange[]) => heard.map(uriOf);

/** Resolves when a replica hears what another one says. */
async function connected(...replicas: Awaited<ReturnType<typeof replica>>[]): Promise<void> {
  for (const { changes } of replicas) {
    await vi.waitFor(async () => {
      const uri = `test://${randomUUID()}`;
      changes.resourceUpdated(uri);
      await new Promise((resolve) => setTimeout(resolve, 20));
      for (const { heard } of replicas) expect(uris(heard)).toContain(uri);
    });
  }
  for (const { heard } of replicas) heard.length = 0;
}
const why = await whyNoRedis();

describe.skipIf(why !== undefined)(titled('Redis', why), () => {
  test('a stream tells each change once, wherever it happens, and goes on at another replica', async () => {
    const [one, other, third] = [await replica(), await replica(), await replica()];
    for (const { reader } of [one, other, third]) await reader.begin(undefined);
    await connected(one, other, third);
    const [a, b, c] = [1, 2, 3].map(() => `test://${randomUUID()}`) as [string, string, string];
    one.changes.resourceUpdated(a);
    await vi.waitFor(() => expect(uris(one.heard)).toContain(a));
    other.changes.resourceUpdated(b);
    await vi.waitFor(() => expect(uris(one.heard)).toContain(b));
    const { at = '' } = one.heard.find((each) => uriOf(each) === a) ?? {};
    one.reader.end();
    other.changes.resourceUpdated(c);

    const heard: LoggedChange[] = [];
    await new ChangeReader(third.log, (change) => heard.push(change)).begin(at);
    await vi.waitFor(() => expect(uris(heard)).toContain(c));
    for (const uri of [b, c]) {
      expect(uris(heard).filter((each) => each === uri)).toHaveLength(1);
      await vi.waitFor(() => {
        expect(uris(other.heard).filter((each) => each === uri)).toHaveLength(1);
      });
    }
    expect(uris(one.heard)).not.toContain(c);
    expect(uris(heard)).not.toContain(a);
    expect(uris(heard)).not.toContain('missed');
  });

  test('who comes back to a log that is another one, or too short, has missed something', async () => {
    const { log, changes } = await replica();
    const newest = await log.newest();
    const [, name = '', number = ''] = /^c(\w+)-(\d+)$/.exec(newest) ?? [];
    // Other tests may have changed something by now.
    expect((await log.after(newest)).map(({ change }) => change.kind)).not.toContain('missed');
    for (const place of [
      `cother-${number}`,
      `c${name}-${Number(number) + 999}`,
      'c-0',
      'nonsense',
    ]) {
      expect((await log.after(place)).map(({ change }) => change.kind)).toEqual(['missed']);
    }
    for (let n = 0; n < 1_001; n += 1) changes.resourceUpdated(`test://${n}`);
    await vi.waitFor(async () => expect(await log.newest()).not.toBe(newest));
    expect((await log.after(newest)).map(({ change }) => change.kind)).toEqual(['missed']);
  });

  test('what is not a message of ours changes nothing', async () => {
    const { heard, reader, redis } = await replica();
    await reader.begin(undefined);
    const change = { kind: 'resource_updated', uri: 'test://foreign' };
    const foreign = [
      'garbage',
      '{}',
      JSON.stringify({ log: '!', first: 1, changes: [change] }),
      JSON.stringify({ log: 'x', first: 'a', changes: [change] }),
      JSON.stringify({ log: 'x', first: 1, changes: [{ kind: 'tools_list_changed' }] }),
    ];
    for (const text of foreign) await redis.publish(CHANNEL, text);
    const ours = { log: 'x', first: 1, changes: [{ ...change, uri: 'test://last' }] };
    await vi.waitFor(async () => {
      await redis.publish(CHANNEL, JSON.stringify(ours));
      expect(uris(heard)).toContain('test://last');
    });
    expect(uris(heard)).not.toContain('test://foreign');
  });
});

test('without Redis, the streams of this process are told all the same', async () => {
  const { changes, log } = await replica(NOWHERE);
  const heard: LoggedChange[] = [];
  log.listen((change) => heard.push(change));
  changes.resourceUpdated('test://here');
  await vi.waitFor(() => expect(uris(heard)).toEqual(['test://here']));
  await expect(log.newest()).rejects.toThrow('');
});
