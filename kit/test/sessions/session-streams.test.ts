import { expect, onTestFinished, test, vi } from 'vitest';
import type { AuthResult } from '../../src/http/app.js';
import { fromWebRequest, refuse, toWebResponse } from '../../src/http/exchange.js';
import { Sessions } from '../../src/sessions/sessions.js';
import { owner } from '../../src/testing/client.js';
import { recentNotes } from '../fixtures/notes/src/resources.js';
import { createSessionApp, memoryParts, type SessionApp } from '../support/sessions.js';

const { uri } = recentNotes;

/** A session of the owner, whose credentials `revoke` takes away. */
async function begin(app: SessionApp) {
  const sessions = new Sessions(app, app.state);
  onTestFinished(() => sessions.close());
  let caller: AuthResult = { principal: owner };
  let session: string | undefined;
  const send = async (method: string, body?: object, more: Record<string, string> = {}) => {
    const headers = {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': '2025-11-25',
      ...(session !== undefined && { 'mcp-session-id': session }),
      ...more,
    };
    const request = fromWebRequest(new Request('http://localhost/mcp', { method, headers }));
    const answer = body
      ? await sessions.answer(request, { jsonrpc: '2.0', id: 1, ...body }, owner)
      : await sessions.answerWithoutBody(request, owner, async () => caller);
    session ??= answer?.headers['mcp-session-id'];
    if (!answer) throw new Error('no answer');
    return toWebResponse(answer);
  };
  const clientInfo = { name: 'test', version: '1.0.0' };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  await (await send('POST', { method: 'initialize', params })).text();
  const subscribe = { method: 'resources/subscribe', params: { uri } };
  expect(await (await send('POST', subscribe)).text()).toContain('"result":{}');
  const revoke = () => {
    caller = { refusal: refuse(401, 'gone') };
  };
  return { send, revoke };
}

/** What a stream says until it ends. */
function read(response: Response) {
  expect(response.status).toBe(200);
  let text = '';
  let isOver = false;
  const reader = response.body?.getReader();
  const all = async () => {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done) break;
      text += Buffer.from(value ?? []).toString();
    }
    isOver = true;
  };
  all().catch(() => {});
  return {
    count: () => text.split(uri).length - 1,
    marks: () => [...text.matchAll(/^id: (.+)$/gm)].map(([, id = '']) => id),
    lastEvent: () => [...text.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? '',
    isOver: () => isOver,
    leave: async () => await reader?.cancel(),
  };
}

test('a stream of changes tells each once, also what came while it was lost', async () => {
  const app = await createSessionApp(memoryParts);
  const { send } = await begin(app);
  const lost = read(await send('GET'));
  app.changes.resourceUpdated(uri);
  app.changes.resourceUpdated('test://another');
  await vi.waitFor(() => expect(lost.count()).toBe(1));
  await lost.leave();
  app.changes.resourceUpdated(uri);
  const taken = read(await send('GET', undefined, { 'last-event-id': lost.lastEvent() }));
  await vi.waitFor(() => expect(taken.count()).toBe(1));
  app.changes.resourceUpdated(uri);
  await vi.waitFor(() => expect(taken.count()).toBe(2));
});

test('a stream does not say how much happens that is not for its client', async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const app = await createSessionApp(memoryParts);
  const { send } = await begin(app);
  const stream = read(await send('GET'));
  await vi.advanceTimersByTimeAsync(15_000);
  await vi.waitFor(() => expect(stream.marks()).toHaveLength(2));
  for (let n = 0; n < 100; n += 1) app.changes.resourceUpdated(`test://${n}`);
  await vi.advanceTimersByTimeAsync(15_000);
  await vi.waitFor(() => expect(stream.marks()).toHaveLength(3));
  // Nothing can be read off these: they are sealed, equally long and never the same.
  expect(new Set(stream.marks()).size).toBe(3);
  expect(new Set(stream.marks().map(({ length }) => length)).size).toBe(1);
  for (const mark of stream.marks()) expect(mark).toMatch(/^changes[\w-]{60,}$/);
  // What was passed over is not looked at again.
  await stream.leave();
  const resumed = read(await send('GET', undefined, { 'last-event-id': stream.lastEvent() }));
  await vi.waitFor(() => expect(resumed.marks()).toHaveLength(1));
  expect(resumed.count()).toBe(0);
});

test('an event that is none of this server is one that was missed', async () => {
  const { send } = await begin(await createSessionApp(memoryParts));
  const stream = read(await send('GET', undefined, { 'last-event-id': 'changesAAAA' }));
  await vi.waitFor(() => expect(stream.count()).toBe(1));
});

test('who was away for too long is told to look at everything again', async () => {
  const app = await createSessionApp(memoryParts);
  const { send } = await begin(app);
  const lost = read(await send('GET'));
  await vi.waitFor(() => expect(lost.lastEvent()).not.toBe(''));
  await lost.leave();
  for (let n = 0; n < 1_001; n += 1) {
    app.changes.deliver({ kind: 'resource_updated', uri: `test://${n}` });
  }
  const taken = read(await send('GET', undefined, { 'last-event-id': lost.lastEvent() }));
  await vi.waitFor(() => expect(taken.count()).toBe(1));
});

test('a stream ends when its credentials do, and when another one takes its place', async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const { send, revoke } = await begin(await createSessionApp(memoryParts));
  const first = read(await send('GET'));
  const second = read(await send('GET'));
  await vi.waitFor(() => expect(first.isOver()).toBe(true));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(second.isOver()).toBe(false);
  revoke();
  await vi.advanceTimersByTimeAsync(60_000);
  await vi.waitFor(() => expect(second.isOver()).toBe(true));
});

test('a client that does not read loses its stream', async () => {
  const app = await createSessionApp(memoryParts);
  const { send } = await begin(app);
  const response = await send('GET');
  for (let n = 0; n < 15_000; n += 1) app.changes.deliver({ kind: 'resource_updated', uri });
  await expect(response.text()).rejects.toThrow('does not read');
});
