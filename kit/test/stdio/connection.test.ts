import { expect, onTestFinished, test, vi } from 'vitest';
import * as z from 'zod/v4';
import { StdioConnection } from '../../src/stdio/connection.js';
import type { LineTransport } from '../../src/stdio/line-transport.js';
import { owner } from '../../src/testing/client.js';
import { defineTool } from '../fixtures/notes/src/parts.js';
import { createTestApp } from '../support/app.js';
import { plainEcho } from '../support/plain-tools.js';

const { output: _, ...echo } = plainEcho;
/** Gives what its types do not allow. */
const broken = defineTool({ ...echo, name: 'broken', run: () => ({ length: 1 }) as never });

function callOf(id: number, name: string) {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: {}, _meta } };
}

/** A connection, and what is written to its client. */
async function connect(tools: Record<string, unknown> = { plainEcho }) {
  const app = await createTestApp({}, { tools: tools as never });
  const written: Record<string, unknown>[] = [];
  const transport = {
    isClosed: false,
    write: (message: string) => written.push(JSON.parse(message)),
    send: async (message: object) => void written.push(JSON.parse(JSON.stringify(message))),
    start: async () => {},
    close: async () => {},
  } as unknown as LineTransport;
  const calls = new StdioConnection(app, owner, transport);
  onTestFinished(() => calls.close());
  return { app, calls, transport, written };
}

/** Changes are told at the end of a turn of the event loop. */
const told = () => new Promise((resolve) => setTimeout(resolve));

const clientInfo = { name: 'test', version: '1.0.0' };
const request = (id: number, method: string, params?: object) => ({
  jsonrpc: '2.0',
  id,
  method,
  ...(params && { params }),
});
const introduction = {
  protocolVersion: '2025-11-25',
  capabilities: { elicitation: {} },
  clientInfo,
};

test('a call whose answer cannot be made is answered all the same, and is over', async () => {
  const { app, calls, transport, written } = await connect({ plainEcho, broken });
  const logged = vi.spyOn(app.log, 'error');

  transport.receive(callOf(2, 'broken'));
  transport.receive(callOf(3, 'plain_echo'));
  await calls.answered();

  expect(written).toContainEqual({
    jsonrpc: '2.0',
    id: 2,
    error: { code: -32603, message: 'Internal error' },
  });
  expect(written).toContainEqual(expect.objectContaining({ id: 3, result: expect.anything() }));
  expect(logged).toHaveBeenCalledExactlyOnceWith({ err: expect.any(Error) }, 'a call has failed');
});

test('a client of 2025 that begins is told of changes of the list', async () => {
  const { app, transport, written } = await connect();
  app.changes.resourcesChanged();
  await told();
  transport.receive(request(1, 'initialize', introduction));
  app.changes.resourceUpdated('notes://recent');
  app.changes.resourcesChanged();
  await told();
  expect(written).toEqual([
    expect.objectContaining({ id: 1, result: expect.objectContaining({ serverInfo: app.about }) }),
    { jsonrpc: '2.0', method: 'notifications/resources/list_changed' },
  ]);
});

test('the SDK takes over where a client of 2025 is, and tells of changes once', async () => {
  const { app, calls, transport, written } = await connect();
  transport.receive(request(1, 'initialize', introduction));
  transport.receive({ jsonrpc: '2.0', method: 'notifications/initialized' });
  transport.receive(request(2, 'resources/subscribe', { uri: 'notes://recent' }));
  transport.receive(request(3, 'tools/list'));
  await calls.answered();
  await vi.waitFor(() => expect(written.map(({ id }) => id).sort()).toEqual([1, 2, 3]));
  app.changes.resourceUpdated('notes://recent');
  app.changes.resourcesChanged();
  await vi.waitFor(() => expect(written).toHaveLength(5));
  expect(written.slice(3)).toEqual([
    expect.objectContaining({ method: 'notifications/resources/updated' }),
    expect.objectContaining({ method: 'notifications/resources/list_changed' }),
  ]);
});

test('a question goes to a client of 2025 that has said it can answer, and the tool goes on', async () => {
  const asks = defineTool({
    ...plainEcho,
    name: 'asks',
    run: (_, { elicit }) => ({
      text: String(elicit('Well?', z.object({ yes: z.boolean() }))?.yes),
    }),
  });
  const { calls, transport, written } = await connect({ asks });
  transport.receive(request(1, 'initialize', introduction));
  transport.receive(request(2, 'tools/call', { name: 'asks', arguments: {} }));
  const questionIn = () => written.find(({ method }) => method === 'elicitation/create');
  await vi.waitFor(() => expect(questionIn()).toBeDefined());
  const result = { action: 'accept', content: { yes: true } };
  transport.receive({ jsonrpc: '2.0', id: questionIn()?.id, result });
  await calls.answered();
  expect(written.at(-1)).toMatchObject({ id: 2, result: { structuredContent: { text: 'true' } } });
});

test.each([
  ['2025', () => request(1, 'tools/list')],
  ['2026-07-28', () => callOf(1, 'plain_echo')],
])('the first request settles that a connection is of %s, also for the SDK', async (_, first) => {
  const all = [callOf(2, 'plain_echo'), request(3, 'tools/list'), request(4, 'ping')];
  const { calls, transport, written } = await connect();
  transport.receive(first());
  for (const message of all) transport.receive(message);
  await calls.answered();
  const other = await connect();
  // Not plain: the SDK gets it, and everything after it.
  const { params, ...message } = first() as { readonly params?: object };
  other.transport.receive({ ...message, params: { ...params, other: 1 } });
  for (const one of all) other.transport.receive(one);
  await other.calls.answered();
  const byId = (a: Record<string, unknown>, b: Record<string, unknown>) =>
    Number(a.id) - Number(b.id);
  expect(written.sort(byId).slice(1)).toEqual(other.written.sort(byId).slice(-3));
});
