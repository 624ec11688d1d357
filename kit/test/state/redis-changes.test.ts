import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test, vi } from 'vitest';
import { about } from '../../src/about.js';
import type { App } from '../../src/calls/services.js';
import { createTestApp } from '../support/app.js';

const REDIS_URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const CHANNEL = `${about.name}:0:changes`;

/** An app that hears of the others, and what it hears. */
async function replica(url = REDIS_URL): Promise<{ app: App; heard: unknown[] }> {
  const app = await createTestApp({ REDIS_URL: url });
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

async function client(): Promise<Redis> {
  const redis = new Redis(REDIS_URL, { lazyConnect: true });
  onTestFinished(() => redis.disconnect());
  await redis.connect();
  return redis;
}

test('every replica hears of a change once (this test needs Redis at REDIS_URL)', async () => {
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
    JSON.stringify({ from: 'me', changes: [{ kind: 'resource_updated', uri: 'test://foreign' }] }),
  ];
  for (const message of foreign) await redis.publish(CHANNEL, message);
  const ours = { from, changes: [{ kind: 'resource_updated', uri }] };
  await redis.publish(CHANNEL, JSON.stringify(ours));
  await vi.waitFor(() => expect(heard).toContain(uri));
  expect(heard).not.toContain('test://foreign');
  expect(heard).not.toContain('tools_list_changed');
});

test('without Redis, the listeners of this process are told all the same', async () => {
  const { app, heard } = await replica('redis://127.0.0.1:1');
  app.changes.resourceUpdated('test://here');
  await vi.waitFor(() => expect(heard).toEqual(['test://here']));
});
