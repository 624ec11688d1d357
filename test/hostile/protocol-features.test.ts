/** What the protocol offers beside calls and their results, with real clients of both versions over both transports. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Era, eras, rpc } from '../support/rpc.js';
import { builtProject, type RunningHttp, startHttp, stop } from '../support/server.js';

const TOOLS = `
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/v4';
import { defineTool } from '../parts.js';

const annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
const output = z.object({ said: z.string() });
const about = (name: string) => ({ name, title: name, description: name, annotations });

export const talk = defineTool({
  ...about('talk'),
  input: z.object({}),
  output,
  async run(_, ctx) {
    for (const done of [1, 2, 3]) {
      await ctx.progress(done, 3, 'step ' + done);
      await sleep(50);
    }
    await ctx.notify('debug', 'a detail');
    await ctx.notify('error', { what: 'a problem' });
    return { said: 'talked' };
  },
});

export const wait = defineTool({
  ...about('wait'),
  input: z.object({ word: z.string() }),
  output,
  async run({ word }, ctx) {
    ctx.signal.addEventListener('abort', () => ctx.log.warn({ word }, 'STOPPED WAITING'));
    ctx.log.warn({ word }, 'WAITING');
    await sleep(20_000, undefined, { signal: ctx.signal });
    return { said: word };
  },
});

export const both = defineTool({
  ...about('both'),
  input: z.object({}),
  output,
  run(_, ctx) {
    if (!ctx.canAsk('sampling')) return { said: 'nobody to ask' };
    const content = { type: 'text' as const, text: 'Say hello.' };
    const { person, model } = ctx.ask({
      person: { elicit: 'Your name?', form: z.object({ name: z.string() }) },
      model: { sample: { messages: [{ role: 'user', content }], maxTokens: 10 } },
    });
    const said = 'text' in model.content ? model.content.text : '';
    return { said: said + ' ' + person?.name };
  },
});

export const wipe = defineTool({
  ...about('wipe'),
  input: z.object({ disk: z.string() }),
  output,
  run({ disk }, ctx) {
    const answer = ctx.elicit('Wipe ' + disk + '?', z.object({ sure: z.boolean() }));
    return { said: answer?.sure ? 'wiped ' + disk : 'kept ' + disk };
  },
});

export const picture = defineTool({
  ...about('picture'),
  input: z.object({}),
  run: () => [
    { type: 'text', text: 'A picture:' },
    { type: 'image', data: 'AAAA', mimeType: 'image/png' },
    { type: 'resource_link', uri: 'test://x', name: 'more' },
  ],
});
`;

const RESOURCES = `
import { defineResourceTemplate } from '../parts.js';

export const numbers = defineResourceTemplate({
  name: 'numbers',
  uriTemplate: 'numbers:///{n}',
  title: 'Numbers',
  description: 'Numbers.',
  mimeType: 'application/octet-stream',
  cacheSeconds: 5,
  list: () => Array.from({ length: 250 }, (_, n) => ({ uri: 'numbers:///' + n, name: String(n) })),
  complete: { n: (value) => Array.from({ length: 250 }, (_, n) => value + n) },
  read: ({ n = '' }) => new Uint8Array([Number(n)]),
});
`;

let project: string;
let server: RunningHttp;

beforeAll(async () => {
  const choices = { transport: ['stdio', 'http'], auth: 'none', starter: 'minimal' };
  project = await builtProject(choices, (files) => {
    const add = (kind: string, text: string) => {
      const barrel = `src/${kind}/index.ts`;
      files.set(`src/${kind}/probes.ts`, text);
      files.set(barrel, `${files.get(barrel)}export * from './probes.js';\n`);
    };
    add('tools', TOOLS);
    add('resources', RESOURCES);
  });
  server = await startHttp(project, { RATE_LIMIT_PER_MINUTE: '100000' });
});
afterAll(async () => {
  expect(await stop(server)).toBe(0);
});

interface Connected {
  readonly client: Client;
  /** What the client was told beside results. */
  readonly told: unknown[];
  /** The server's log. */
  log(): string;
}

async function connect(over: string, era: Era): Promise<Connected> {
  const client = new Client(
    { name: 'test', version: '1.0.0' },
    {
      versionNegotiation: { mode: era === '2025-11-25' ? 'legacy' : { pin: era } },
      capabilities: { elicitation: { form: {} }, sampling: {} },
    },
  );
  const told: unknown[] = [];
  client.setNotificationHandler('notifications/message', ({ params }) => void told.push(params));
  client.setRequestHandler('elicitation/create', () => ({
    action: 'accept' as const,
    content: { name: 'Ada' },
  }));
  client.setRequestHandler('sampling/createMessage', () => ({
    role: 'assistant' as const,
    model: 'test',
    content: { type: 'text' as const, text: 'Hello' },
  }));
  let log = () => server.stderr();
  if (over === 'http') {
    await client.connect(new StreamableHTTPClientTransport(new URL(server.url)));
  } else {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: ['dist/stdio.js'],
      cwd: project,
      stderr: 'pipe',
    });
    let text = '';
    transport.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    log = () => text;
    await client.connect(transport);
  }
  onTestFinished(() => client.close());
  return { client, told, log };
}

const all = ['http', 'stdio'].flatMap((over) => eras.map((era) => [over, era] as const));

describe.each(all)('over %s, %s', (over, era) => {
  it('a call tells its progress to who asks for it', async () => {
    const { client } = await connect(over, era);
    const steps: unknown[] = [];
    const onprogress = (progress: unknown) => void steps.push(progress);
    await client.callTool({ name: 'talk', arguments: {} }, { onprogress });
    // Later ones may arrive behind the result.
    expect(steps[0]).toEqual({ progress: 1, total: 3, message: 'step 1' });
  });

  // Without a session a cancellation of 2025 comes to a server that does not know the call.
  if (over === 'stdio' || era === '2026-07-28') {
    it('a cancelled call stops', async () => {
      const { client, log } = await connect(over, era);
      const word = `${over}-${era}`;
      const cancelled = new AbortController();
      const { signal } = cancelled;
      const call = client.callTool({ name: 'wait', arguments: { word } }, { signal });
      const failed = expect(call).rejects.toThrow();
      await expect.poll(log, { timeout: 10_000 }).toMatch(`"word":"${word}"`);
      cancelled.abort('enough');
      await failed;
      await expect
        .poll(log, { timeout: 10_000 })
        .toMatch(new RegExp(`"word":"${word}".*STOPPED WAITING`));
    });
  }

  it('a list comes in pages, each resource once', async () => {
    const { client } = await connect(over, era);
    const uris: string[] = [];
    let pages = 0;
    let cursor: string | undefined;
    do {
      const params = cursor === undefined ? {} : { cursor };
      const page = await client.request({ method: 'resources/list', params });
      uris.push(...page.resources.map(({ uri }) => uri));
      cursor = page.nextCursor;
      pages += 1;
    } while (cursor !== undefined && pages < 10);
    expect(uris.length).toBe(251);
    expect(new Set(uris).size).toBe(251);
    expect(pages).toBe(3);
  });

  it('suggestions are cut, and content comes as it is', async () => {
    const { client } = await connect(over, era);
    const { completion } = await client.complete({
      ref: { type: 'ref/resource', uri: 'numbers:///{n}' },
      argument: { name: 'n', value: '7' },
    });
    expect(completion).toMatchObject({ total: 250, hasMore: true });
    expect(completion.values).toHaveLength(100);
    const { contents } = await client.readResource({ uri: 'numbers:///65' });
    expect(contents).toEqual([
      { uri: 'numbers:///65', mimeType: 'application/octet-stream', blob: 'QQ==' },
    ]);
    const { content } = await client.callTool({ name: 'picture', arguments: {} });
    expect(content.map(({ type }) => type)).toEqual(['text', 'image', 'resource_link']);
  });

  const reachable = over === 'stdio' || era === '2026-07-28';
  it(reachable ? 'human and model are asked' : 'there is nobody to ask', async () => {
    const { client } = await connect(over, era);
    const { structuredContent } = await client.callTool({ name: 'both', arguments: {} });
    expect(structuredContent).toEqual({ said: reachable ? 'Hello Ada' : 'nobody to ask' });
  });
});

it('an answer without its question, or for other arguments, does not count', async () => {
  const caller = {
    url: server.url,
    key: '',
    era: '2026-07-28' as const,
    capabilities: { elicitation: { form: {} } },
  };
  const inputResponses = { form: { action: 'accept', content: { sure: true } } };
  const wiping = async (disk: string, params = {}) =>
    (await rpc(caller, 'tools/call', { name: 'wipe', arguments: { disk }, ...params })).result;
  const asked = await wiping('A');
  expect(asked?.resultType).toBe('input_required');
  const { requestState } = asked ?? {};
  for (const [disk, answers] of [
    ['A', { inputResponses }],
    ['B', { inputResponses, requestState }],
  ] as const) {
    expect((await wiping(disk, answers))?.resultType).toBe('input_required');
  }
  const wiped = await wiping('A', { inputResponses, requestState });
  expect(wiped?.structuredContent).toEqual({ said: 'wiped A' });
});

describe('the log of the client', () => {
  it('in 2025-11-25 has what is at its level', async () => {
    const { client, told } = await connect('stdio', '2025-11-25');
    await client.setLoggingLevel('error');
    await client.callTool({ name: 'talk', arguments: {} });
    expect(told).toEqual([{ level: 'error', logger: 'talk', data: { what: 'a problem' } }]);
  });

  it('in 2026-07-28 has nothing unless the request asks for it', async () => {
    const { client, told } = await connect('http', '2026-07-28');
    await client.callTool({ name: 'talk', arguments: {} });
    expect(told).toEqual([]);
    const _meta = { 'io.modelcontextprotocol/logLevel': 'error' };
    await client.callTool({ name: 'talk', arguments: {}, _meta });
    expect(told).toEqual([{ level: 'error', logger: 'talk', data: { what: 'a problem' } }]);
  });
});

it('answers of 2026-07-28 say how long they may be kept, and by whom', async () => {
  const caller = { url: server.url, key: '', era: '2026-07-28' as const };
  const hints = async (method: string, params = {}) => {
    const { ttlMs, cacheScope } = (await rpc(caller, method, params)).result ?? {};
    return [ttlMs, cacheScope];
  };
  expect(await hints('server/discover')).toEqual([60_000, 'public']);
  expect(await hints('tools/list')).toEqual([60_000, 'public']);
  expect(await hints('resources/list')).toEqual([0, 'private']);
  expect(await hints('resources/read', { uri: 'numbers:///1' })).toEqual([5_000, 'public']);
});
