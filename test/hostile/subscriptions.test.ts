/** Who listens hears what it may know, when it asked for it; and cannot hold the server up. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../support/cli.js';
import { hostileEnv, KEYS, modern, send } from '../support/hostile-project.js';
import { builtProject, type RunningHttp, startHttp, stop } from '../support/server.js';

const PROBES = `
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as z from 'zod/v4';
import { defineTool } from '../parts.js';

const annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };

export const touch = defineTool({
  name: 'touch',
  title: 'Touch',
  description: 'Says that resources have changed.',
  input: z.object({ uris: z.array(z.string()) }),
  output: z.object({}),
  annotations,
  run({ uris }, { changes }) {
    for (const uri of uris) changes.resourceUpdated(uri);
    return {};
  },
});

export const memory = defineTool({
  name: 'memory',
  title: 'Memory',
  description: 'Says how much is in use.',
  input: z.object({}),
  output: z.object({ bytes: z.number() }),
  annotations,
  run() {
    setFlagsFromString('--expose_gc');
    runInNewContext('gc')();
    const { heapUsed, external } = process.memoryUsage();
    return { bytes: heapUsed + external };
  },
});
`;

const POLICY = `
roles:
  user:
    everyone: true
    allowed_tools: ["*"]
    allowed_resources: ["*"]
  reader:
    denied_resources: ["note:///secret*"]
`;

let project: string;
let server: RunningHttp;
let env: Record<string, string>;
beforeAll(async () => {
  project = await builtProject({ transport: ['stdio', 'http'], auth: 'api-key' }, (files) => {
    files.set('src/tools/probes.ts', PROBES);
    const barrel = files.get('src/tools/index.ts');
    files.set('src/tools/index.ts', `${barrel}export { memory, touch } from './probes.js';\n`);
  });
  const policy = join(temporaryFolder('create-mcp-server-subscriptions-'), 'policy.yaml');
  writeFileSync(policy, POLICY);
  env = { ...hostileEnv(), POLICY_PATH: policy };
  server = await startHttp(project, env);
});
afterAll(async () => {
  expect(await stop(server)).toBe(0);
});

type Era = '2025-11-25' | '2026-07-28';

async function connect(transport: 'http' | 'stdio', era: Era, key: string = KEYS.alice) {
  const mode = era === '2025-11-25' ? ('legacy' as const) : { pin: era };
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode } });
  const requestInit = { headers: { authorization: `Bearer ${key}` } };
  await client.connect(
    transport === 'http'
      ? new StreamableHTTPClientTransport(new URL(server.url), { requestInit })
      : new StdioClientTransport({
          command: process.execPath,
          args: [join(project, 'dist/stdio.js')],
          env,
          stderr: 'ignore',
        }),
  );
  onTestFinished(() => client.close());
  const heard: string[] = [];
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
    heard.push(params.uri);
  });
  client.setNotificationHandler('notifications/resources/list_changed', () => {
    heard.push('list');
  });
  const touch = (...uris: string[]) => client.callTool({ name: 'touch', arguments: { uris } });
  return { client, heard, touch };
}

const RECENT = 'notes://recent';

describe('what a client is promised is what it gets', () => {
  test.each<['http' | 'stdio', Era, boolean, boolean]>([
    ['http', '2026-07-28', true, true],
    ['http', '2025-11-25', false, false],
    ['stdio', '2026-07-28', true, false],
    ['stdio', '2025-11-25', true, false],
  ])('%s, %s', async (transport, era, resources, tools) => {
    const { client } = await connect(transport, era);
    const promised = client.getServerCapabilities();
    expect(promised?.resources).toEqual({ listChanged: resources, subscribe: resources });
    expect(promised?.tools).toEqual({ listChanged: tools });
    expect(promised?.prompts).toEqual({ listChanged: tools });
  });

  test('there is no subscribing where nothing can be heard', async () => {
    const { client } = await connect('http', '2025-11-25');
    await expect(client.subscribeResource({ uri: RECENT })).rejects.toThrow();
  });
});

test('over stdio, 2026-07-28', async () => {
  const { client, heard, touch } = await connect('stdio', '2026-07-28');
  await touch(RECENT);
  const filter = { resourceSubscriptions: [RECENT], resourcesListChanged: true };
  const { honoredFilter, close } = await client.listen(filter);
  expect(honoredFilter).toEqual(filter);
  await touch(RECENT, 'note:///other');
  await expect.poll(() => heard).toEqual([RECENT]);
  await client.callTool({ name: 'create_note', arguments: { title: 'a', body: '' } });
  await expect.poll(() => heard).toEqual([RECENT, 'list', RECENT]);
  await close();
  await touch(RECENT);
  await client.listTools();
  expect(heard).toHaveLength(3);
});

test('over stdio, 2025-11-25', async () => {
  const { client, heard, touch } = await connect('stdio', '2025-11-25');
  await touch(RECENT);
  await client.subscribeResource({ uri: RECENT });
  await touch(RECENT, 'note:///other');
  await expect.poll(() => heard).toEqual([RECENT]);
  await client.unsubscribeResource({ uri: RECENT });
  await touch(RECENT);
  await client.callTool({ name: 'create_note', arguments: { title: 'a', body: '' } });
  await expect.poll(() => heard).toEqual([RECENT, 'list']);
});

test('who may not read something does not hear of it', async () => {
  const wanted = [RECENT, 'note:///secret-1', 'note:///public', 'file:///etc/passwd'];
  const alice = await connect('http', '2026-07-28');
  const reader = await connect('http', '2026-07-28', KEYS.reader);
  const listen = async ({ client }: typeof alice) =>
    (await client.listen({ resourceSubscriptions: wanted })).honoredFilter.resourceSubscriptions;
  expect(await listen(alice)).toEqual(wanted.slice(0, 3));
  expect(await listen(reader)).toEqual([RECENT, 'note:///public']);
  await alice.touch(...wanted);
  await expect.poll(() => alice.heard).toEqual(wanted.slice(0, 3));
  await expect.poll(() => reader.heard).toEqual([RECENT, 'note:///public']);
});

test.each([
  ['no filter', {}],
  ['a number of resources', { notifications: { resourceSubscriptions: 7 } }],
  ['numbers as resources', { notifications: { resourceSubscriptions: [7] } }],
  ['a list as filter', { notifications: [RECENT] }],
])('%s is refused, and costs no place', async (_, params) => {
  const small = await startHttp(project, { ...env, MAX_SUBSCRIPTIONS: '1' });
  onTestFinished(async () => void (await stop(small)));
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const { status, body } = await send(small.port, modern('subscriptions/listen', params));
    expect([200, 400]).toContain(status);
    expect(JSON.parse(body)).toMatchObject({ error: { code: -32_602 } });
  }
});

/** A client that listens to these resources and reads nothing of what it is told. */
async function deaf(uris: readonly string[]): Promise<IncomingMessage> {
  const { headers, body } = modern('subscriptions/listen', {
    notifications: { resourceSubscriptions: uris },
  });
  const sent = request(server.url, {
    method: 'POST',
    agent: false,
    headers: {
      ...headers,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      authorization: `Bearer ${KEYS.bob}`,
    },
  });
  sent.on('error', () => {});
  sent.end(JSON.stringify(body));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  onTestFinished(() => void sent.destroy());
  return response.on('error', () => {});
}

test('a stream keeps neither its body nor more addresses than it may', async () => {
  const { client } = await connect('http', '2026-07-28');
  const used = async () => {
    const { structuredContent } = await client.callTool({ name: 'memory', arguments: {} });
    return (structuredContent as { bytes: number }).bytes;
  };
  await deaf([RECENT]);
  const before = await used();
  const streams = 40;
  for (let stream = 0; stream < streams; stream += 1) {
    const uris = Array.from({ length: 900 }, (_, n) => `note:///${stream}-${n}`.padEnd(1_000, 'x'));
    expect((await deaf(uris)).statusCode).toBe(200);
  }
  expect(((await used()) - before) / streams).toBeLessThan(600_000);
});

test('a listener that does not read loses its stream; the others hear everything', async () => {
  const uris = Array.from({ length: 95 }, (_, n) => `note:///${'x'.repeat(500)}${n}`);
  const response = await deaf(uris);
  expect(response.statusCode).toBe(200);
  const { client, heard, touch } = await connect('http', '2026-07-28');
  await client.listen({ resourceSubscriptions: [RECENT] });
  // 20 MB: what the server keeps for a listener is 1 MB, and the buffers of a connection take some more.
  const rounds = 280;
  for (let round = 0; round < rounds; round += 1) await touch(...uris, RECENT);
  let read = 0;
  response.on('data', ({ length }: Buffer) => {
    read += length;
  });
  await once(response.socket, 'close');
  expect(read).toBeLessThan(15_000_000);
  // Two changes within a millisecond are told as one.
  await expect.poll(() => heard.length).toBeGreaterThan(rounds / 2);
  const before = heard.length;
  await touch(RECENT);
  await expect.poll(() => heard.length).toBe(before + 1);
});

test('a stream on which nothing happens is kept open by comments', async () => {
  const response = await deaf([RECENT]);
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await expect.poll(() => text, { timeout: 20_000, interval: 500 }).toContain(': keepalive');
}, 30_000);
