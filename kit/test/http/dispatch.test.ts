import { setTimeout as sleep } from 'node:timers/promises';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod/v4';
import { fromWebRequest, toWebResponse } from '../../src/http/exchange.js';
import { CallReply, headersAgree, messageIn } from '../../src/http/fast-answers.js';
import { createProtocol } from '../../src/http/protocol.js';
import { createMcpServer } from '../../src/protocol/mcp-server.js';
import { plainRequest } from '../../src/protocol/requests.js';
import { connectTo, eras, owner } from '../../src/testing/client.js';
import { defineTool } from '../fixtures/notes/src/parts.js';
import { definition } from '../fixtures/notes/src/server.js';
import { createTestApp } from '../support/app.js';
import { plainEcho, plainFailure, plainSteps } from '../support/plain-tools.js';

// Not every tool answers the same twice; these do.
const createApp = () =>
  createTestApp({}, { tools: { ...definition.tools, plainEcho, plainFailure, plainSteps } });

/** What a client sent. */
interface Sent {
  readonly request: Request;
  readonly body: unknown;
}

/** The requests of a real client that lists all tools and calls some of them. */
async function requestsOf(era: (typeof eras)[number]): Promise<Sent[]> {
  const sent: Sent[] = [];
  const app = await createApp();
  const library = createMcpHandler(() => createMcpServer(app, owner));
  const client = await connectTo(async (request) => {
    if (request.method === 'POST') {
      sent.push({ request: request.clone(), body: await request.clone().json() });
    }
    return await library.fetch(request);
  }, era);
  sent.length = 0;
  await client.listTools();
  for (const name of ['plain_echo', 'plain_failure']) {
    await client.callTool({ name, arguments: {} });
    await client.callTool({ name, arguments: { text: 'too long' } });
  }
  await client.callTool({ name: 'plain_steps', arguments: {} }, { onprogress() {} });
  return sent;
}

describe.each(eras)('%s', (era) => {
  test('what clients send is plain', async () => {
    const sent = await requestsOf(era);
    expect(sent).toHaveLength(6);
    for (const { request, body } of sent) {
      const plain = plainRequest(body);
      expect(plain && headersAgree(request.headers, plain), JSON.stringify(body)).toBe(true);
    }
  });

  test('it is answered as the MCP SDK answers it', async () => {
    const protocol = createProtocol(await createApp());
    const app = await createApp();
    const library = createMcpHandler(() => createMcpServer(app, owner));
    for (const { request, body } of await requestsOf(era)) {
      const answer = await protocol.answer(fromWebRequest(request.clone()), body, owner);
      const [ours, theirs] = [toWebResponse(answer), await library.fetch(request)];
      expect(ours.status).toBe(theirs.status);
      expect(ours.headers.get('content-type')).toBe(theirs.headers.get('content-type'));
      expect(messagesIn(await ours.text())).toEqual(messagesIn(await theirs.text()));
    }
  });

  test('progress reaches the client while the call goes on', async () => {
    let goOn = () => {};
    const isHeard = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const steps = defineTool({
      ...plainSteps,
      async run(_, { progress }) {
        await progress(1, 2);
        await isHeard;
        await progress(2, 2);
        return {};
      },
    });
    const protocol = createProtocol(await createTestApp({}, { tools: { steps } }));
    const { request, body } = (await requestsOf(era)).at(-1) as Sent;
    const answer = toWebResponse(await protocol.answer(fromWebRequest(request), body, owner));
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    let text = '';
    for await (const part of answer.body ?? []) {
      text += Buffer.from(part).toString();
      if (messagesIn(text).length === 1) goOn();
    }
    expect(messagesIn(text)).toEqual([
      { jsonrpc: '2.0', method: 'notifications/progress', params: expect.anything() },
      { jsonrpc: '2.0', method: 'notifications/progress', params: expect.anything() },
      { jsonrpc: '2.0', id: expect.anything(), result: expect.anything() },
    ]);
  });
});

test.each<[string, object]>([
  ['another key', { result: {} }],
  ['no id', { id: undefined }],
  ['a fraction as id', { id: 1.5 }],
  ['a list of arguments', { params: { name: 'any', arguments: [] } }],
  ['a fraction as progress token', { params: { name: 'any', _meta: { progressToken: 1.5 } } }],
  ['a key of the protocol', { params: { name: 'any', _meta: { 'io.modelcontextprotocol/x': 1 } } }],
])('a message with %s is not plain', (_, change) => {
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'any' } };
  expect(plainRequest(message)).toMatchObject({ era: 'legacy', name: 'any' });
  expect(plainRequest({ ...message, ...change })).toBeUndefined();
});

test('a line of the library ends where JSON ends, and not at U+2028', () => {
  const message = JSON.stringify({ result: { text: 'a\u2028b' } });
  expect(messageIn(`event: message\nid: 1\ndata: ${message}\n\n`)).toBe(message);
  expect(messageIn(message)).toBe(message);
});

test.each(['input', 'output'] as const)(
  'a check of a schema that throws fails its call and not the process: %s',
  async (part) => {
    const schema = z.object({ text: z.string().default('') }).refine(() => {
      throw new Error('hunter2');
    });
    const tool = { ...plainEcho, [part]: schema } as typeof plainEcho;
    const protocol = createProtocol(await createTestApp({}, { tools: { tool } }));
    const [first] = await requestsOf('2026-07-28').then((all) => all.slice(1));
    const { request, body } = first as Sent;
    // Vitest fails when a promise is rejected that nobody awaits.
    const answer = toWebResponse(await protocol.answer(fromWebRequest(request), body, owner));
    expect(await answer.text()).toMatch(/"isError":true|"error":/);
    await new Promise(setImmediate);
  },
);

describe('the reply to a call', () => {
  const log = { error: vi.fn() };
  const call = { era: 'legacy', id: 1 } as const;
  const request = (over: Promise<void>) => ({
    whenOver: (work: () => void) => void over.then(work),
  });
  const never = new Promise<never>(() => {});

  test('waits for a client that reads slowly, and loses nothing', async () => {
    const reply = new CallReply(call, request(never), log);
    const say = async () => {
      for (let n = 0; n < 3_000; n++)
        await reply.notify(JSON.stringify({ n, text: 'x'.repeat(1_000) }));
      return '{"last":true}';
    };
    const response = toWebResponse(await reply.later(say()));
    const messages = messagesIn(await response.text());
    expect(messages).toHaveLength(3_001);
    expect(messages.at(-1)).toEqual({ last: true });
  });

  test('carries an answer of any size', async () => {
    const long = JSON.stringify({ text: 'x'.repeat(3_000_000) });
    const reply = new CallReply(call, request(never), log);
    const response = toWebResponse(await reply.later(sleep(30).then(() => long)));
    expect(messagesIn(await response.text())).toHaveLength(1);
  });

  test('keeps nothing for a client that has gone, and goes on', async () => {
    let leave = () => {};
    const gone = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const reply = new CallReply(call, request(gone), log);
    const answer = reply.later(never);
    const blocked = Promise.resolve(reply.notify('x'.repeat(100_000)));
    leave();
    await blocked;
    await reply.notify('late');
    expect(await toWebResponse(await answer).text()).toBe('');
  });

  test('a failure after its beginning reaches the client and the log', async () => {
    const reply = new CallReply(call, request(never), log);
    const answer = await reply.later(sleep(30).then(() => Promise.reject(new Error('lost'))));
    expect(messagesIn(await toWebResponse(answer).text())).toEqual([
      { jsonrpc: '2.0', id: 1, error: { code: -32603, message: 'Internal error' } },
    ]);
    expect(log.error).toHaveBeenCalledOnce();
  });

  test('a stream that is left in the middle harms nobody', async () => {
    const reply = new CallReply(call, request(never), log);
    const { body } = toWebResponse(await reply.later(sleep(60).then(() => '{}')));
    await body?.cancel();
    await reply.notify('{}');
    await sleep(60);
  });
});

test.each([
  ['a progress token', { progressToken: 1 }],
  ['what a client of 2025 adds', { 'example.com/agent': { run: 7 } }],
])('a message with %s is plain', (_, meta) => {
  const params = { name: 'any', _meta: meta };
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
  expect(plainRequest(message)).toMatchObject({ era: 'legacy', name: 'any', meta });
});

/** The messages of an answer, which is JSON or events. */
function messagesIn(text: string): unknown[] {
  const events = [...text.matchAll(/^data: (.+)$/gm)].map(([, data = '']) => data);
  return (events.length > 0 ? events : [text]).map((message) => JSON.parse(message));
}
