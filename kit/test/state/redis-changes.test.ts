import { randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { redis as redisState } from '../../src/state/redis.js';
import { about, createTestApp, type TestApp } from '../support/app.js';
import {
  redisClient as client,
  NOWHERE,
  REDIS_URL,
  titled,
  whyNoRedis,
} from '../support/databases.js';

const CHANNEL = `${about.name}:0:changes`;

/** An app that hears of the others, and what it hears. */
async function replica(url = REDIS_URL): Promise<{ app: TestApp; heard: unknown[] }> {
  const app = await createTestApp({ REDIS_URL: url }, { parts: { state: redisState() } });
  const heard: unknown[] = [];
  const listening = new Promise<void>((resolve) => {
    app.changes.listen((change) => {
      if (change.kind === 'missed') resolve();
      else heard.push('uri' in change ? change.uri : change.kind);
    });
  });
  if (url === REDIS_URL) await listening;
  return { app, heard };
}
const why = await whyNoRedis();

describe.skipIf(why !== undefined)(titled('Redis', why), () => {
  test('every replica hears of a change once', async () => {
    const replicas = [await replica(), await replica(), await replica()];
    const uri = `test://${randomUUID()}`;
    const last = `test://${randomUUID()}`;
    replicas[0]?.app.changes.resourceUpdated(uri);
    await vi.waitFor(() => expect(replicas[1]?.heard).toContain(uri));
    replicas[1]?.app.changes.resourceUpdated(last);
    for (const { heard } of replicas) {
      await vi.waitFor(() => expect(heard).toContain(last));
      expect(heard.filter((one) => one === uri)).toHaveLength(1);
    }
  });

  test('what is not a message of ours changes nothing', async () => {
    const { heard } = await replica();
    const redis = await client();
    const from = randomUUID();
    const uri = `test://${randomUUID()}`;
    const foreign = [
      'garbage',
      '{}',
      JSON.stringify({ from, changes: [{ kind: 'tools_list_changed' }] }),
      JSON.stringify({ from, changes: [{ kind: 'resource_updated', uri: 7 }] }),
      JSON.stringify({
        from: 'me',
        changes: [{ kind: 'resource_updated', uri: 'test://foreign' }],
      }),
    ];
    for (const message of foreign) await redis.publish(CHANNEL, message);
    const ours = { from, changes: [{ kind: 'resource_updated', uri }] };
    await redis.publish(CHANNEL, JSON.stringify(ours));
    await vi.waitFor(() => expect(heard).toContain(uri));
    expect(heard).not.toContain('test://foreign');
    expect(heard).not.toContain('tools_list_changed');
  });
});

test('without Redis, the listeners of this process are told all the same', async () => {
  const { app, heard } = await replica(NOWHERE);
  app.changes.resourceUpdated('test://here');
  await vi.waitFor(() => expect(heard).toEqual(['test://here']));
});
