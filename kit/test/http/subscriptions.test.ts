import { expect, onTestFinished, test, vi } from 'vitest';
import { CLIENT_CAPABILITIES, PROTOCOL_VERSION } from '../../src/calls/call.js';
import { boundedStream } from '../../src/http/subscriptions.js';
import { readableListenRequest } from '../../src/protocol/mcp-server.js';
import { recentNotes } from '../fixtures/notes/src/resources.js';
import { createTestApp } from '../support/app.js';
import { listener } from '../support/listener.js';

const { uri } = recentNotes;
const META = { [PROTOCOL_VERSION]: '2026-07-28', [CLIENT_CAPABILITIES]: {} };
const filter = { resourceSubscriptions: [uri] };

test('a client hears of what it asked for, once, and of nothing else', async () => {
  const app = await createTestApp();
  const { client, heard } = await listener(app);
  app.changes.resourceUpdated(uri);
  await new Promise((resolve) => setTimeout(resolve));
  const { honoredFilter } = await client.listen(filter);
  expect(honoredFilter).toEqual(filter);
  app.changes.resourcesChanged();
  app.changes.resourceUpdated('test://another');
  for (let change = 0; change < 3; change += 1) app.changes.resourceUpdated(uri);
  await vi.waitFor(() => expect(heard).toEqual([uri]));
  app.changes.resourceUpdated(uri);
  await vi.waitFor(() => expect(heard).toEqual([uri, uri]));
});

test('after a gap it is told to look at everything again', async () => {
  const app = await createTestApp();
  const { client, heard } = await listener(app);
  await client.listen({ ...filter, resourcesListChanged: true });
  app.changes.deliver({ kind: 'missed' });
  await vi.waitFor(() => expect(heard).toEqual(['resources', uri]));
});

test('a server that goes away ends its streams in order', async () => {
  const { client, subscriptions } = await listener(await createTestApp());
  const { closed } = await client.listen(filter);
  await subscriptions.close();
  expect(await closed).toBe('graceful');
});

test('a stream ends when its credentials do', async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const { client, revoke } = await listener(await createTestApp());
  const ended = vi.fn();
  const { closed } = await client.listen(filter);
  closed.then(ended);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ended).not.toHaveBeenCalled();
  revoke();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await closed).toBe('graceful');
});

test('there are as many streams as MAX_SUBSCRIPTIONS says, and one that ends makes room', async () => {
  const { client } = await listener(await createTestApp({ MAX_SUBSCRIPTIONS: '1' }));
  const first = await client.listen(filter);
  await expect(client.listen(filter)).rejects.toThrow();
  await first.close();
  await vi.waitFor(() => client.listen(filter));
});

test('a client that does not read loses its stream', async () => {
  const cancelled = vi.fn();
  const over = vi.fn();
  let written = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      written += 100;
      controller.enqueue(new Uint8Array(100));
      if (written === 10_000) controller.close();
    },
    cancel: cancelled,
  });
  const stream = boundedStream(source, 1_000, over);
  await vi.waitFor(() => expect(over).toHaveBeenCalledOnce());
  expect(cancelled).toHaveBeenCalledOnce();
  expect(written).toBeLessThan(2_000);
  await expect(stream.getReader().read()).rejects.toThrow('does not read');
});

test('what one stream may want is bounded in number and in length', () => {
  const wanted = (count: number, length: number) => {
    const uris = Array.from({ length: count }, (_, index) => `test://${index}`.padEnd(length, 'x'));
    const params = { _meta: META, notifications: { resourceSubscriptions: uris } };
    return readableListenRequest(
      { jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params },
      () => true,
    );
  };
  expect(wanted(2_000, 20).uris.size).toBe(1_000);
  expect(wanted(1_000, 1_000).uris.size).toBe(50);
});
