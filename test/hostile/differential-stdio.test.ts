/** Over stdio, too, plain requests are answered as the MCP SDK answers them. */
import { afterEach, expect, it } from 'vitest';
import {
  differentialProject,
  PROMPT_NAMES,
  RESOURCE_URIS,
  TOOL_NAMES,
} from '../support/differential-project.js';
import { hostileEnv, legacy, modern } from '../support/hostile-project.js';
import { type RunningServer, startProcess } from '../support/server.js';

const running: RunningServer[] = [];
afterEach(() => {
  for (const { child } of running.splice(0)) child.kill('SIGKILL');
});

const call = (id: unknown, name: string, args: object = {}, more: object = {}) =>
  modern('tools/call', { name, arguments: args, ...more }, id).body;
const cancel = (requestId: unknown) => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId },
});

/** Sends the first message, waits for its answer, sends the rest at once and ends the input. @returns all answers, by their ids. */
async function talk(fast: boolean, [first, ...rest]: readonly object[]) {
  const server = startProcess(await differentialProject(fast), 'stdio.js', hostileEnv());
  running.push(server);
  const lines = (messages: readonly unknown[]) =>
    messages.map((message) => `${JSON.stringify(message)}\n`).join('');
  server.child.stdin.write(lines([first]));
  await expect.poll(() => server.stdout(), { timeout: 10_000 }).toContain('\n');
  server.child.stdin.end(lines(rest));
  expect(await server.ended, server.stderr()).toBe(0);
  return server
    .stdout()
    .replaceAll(/[0-9a-f-]{36}/g, '<reference>')
    .replaceAll(/"nextCursor":"[\w-]+"/g, '"nextCursor":"<cursor>"')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replaceAll(/"v1\.[\w-]+\.[\w-]+"/g, '"<state>"'))
    .sort((a, b) => idOf(a).localeCompare(idOf(b)));
}

function idOf(line: string): string {
  const message = JSON.parse(line);
  return JSON.stringify(message.id ?? message);
}

async function compare(messages: readonly object[], answered = messages.length): Promise<void> {
  const [ours, theirs] = await Promise.all([talk(true, messages), talk(false, messages)]);
  expect(ours).toEqual(theirs);
  expect(ours).toHaveLength(answered);
}

/** The same, however many answers there are. */
async function compareAll(messages: readonly object[]): Promise<void> {
  const [ours, theirs] = await Promise.all([talk(true, messages), talk(false, messages)]);
  expect(ours).toEqual(theirs);
  expect(ours.length).toBeGreaterThan(1);
}

it('calls of all tools', async () => {
  const messages = [
    call('first', 'echo'),
    ...TOOL_NAMES.map((name, index) => call(index, name, { text: 'a', n: 1, region: 'eu' })),
    call('wrong', 'echo', { text: 7 }),
    call('unknown', 'constructor'),
    call('number', 7 as unknown as string),
    call(1.5, 'echo'),
    call('extra', 'echo', {}, { task: {} }),
    modern('tools/list', {}, 'list').body,
    modern('server/discover', {}, 'discover').body,
    modern('initialize', { protocolVersion: '2025-11-25' }, 'initialize').body,
  ];
  // A fraction is no id, so that message is none.
  await compare(messages, messages.length - 1);
});

it('a call that comes first, and a list that does', async () => {
  await compare([call(1, 'form'), call(2, 'form')]);
  await compare([modern('tools/list', {}, 1).body, call(2, 'slow'), call(3, 'slow')]);
});

it('legacy calls in a connection of 2026-07-28', async () => {
  await compare([call(1, 'echo'), call(2, 'echo'), legacy('tools/call', { name: 'echo' }, 3).body]);
});

it('calls of 2026-07-28 in a legacy connection', async () => {
  await compare([
    hello(),
    call(1, 'echo'),
    legacy('tools/call', { name: 'echo' }, 2).body,
    call(3, 'echo'),
  ]);
});

const clientInfo = { name: 'stranger', version: '1.0.0' };
const hello = (changes: object = {}) =>
  legacy(
    'initialize',
    { protocolVersion: '2025-11-25', capabilities: {}, clientInfo, ...changes },
    0,
  ).body;
const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' };

type Maker = (method: string, params?: Readonly<Record<string, unknown>>, id?: unknown) => object;
/** Everything that is plain, and some that is not. */
const everything = (make: Maker) => [
  ...['tools/list', 'resources/list', 'resources/templates/list', 'prompts/list', 'ping'].map(
    (method, index) => make(method, {}, `list ${index}`),
  ),
  make('server/discover', {}, 'discover'),
  make('tools/list', { cursor: 7 }, 'wrong cursor'),
  make('resources/list', { cursor: 'abc' }, 'cursor'),
  ...[...RESOURCE_URIS, 'test://items/1', 'test://nobody', 'nothing'].map((uri) =>
    make('resources/read', { uri, _meta: { progressToken: uri } }, uri),
  ),
  ...[...PROMPT_NAMES, 'nobody'].map((name) =>
    make('prompts/get', { name, arguments: { who: 'you', text: 'a' } }, `prompt ${name}`),
  ),
  ...TOOL_NAMES.map((name) =>
    make('tools/call', { name, arguments: { text: 'a', n: 1 } }, `tool ${name}`),
  ),
  make('logging/setLevel', { level: 'trace' }, 'level'),
  make('completion/complete', {}, 'complete'),
  make('made/up', {}, 'made up'),
];

it.each(['2025-11-25', '2024-10-07', '2099-01-01'])(
  'everything after an introduction with %s',
  async (protocolVersion) => {
    const first = hello({ protocolVersion });
    await compareAll([first, initialized, ...everything((...args) => legacy(...args).body)]);
  },
  60_000,
);

it('everything after a discovery', async () => {
  const make: Maker = (...args) => modern(...args).body;
  await compareAll([make('server/discover', {}, 0), ...everything(make)]);
}, 60_000);

it('an introduction after a discovery, and one after that', async () => {
  await compareAll([
    modern('server/discover', {}, 'first').body,
    hello(),
    initialized,
    legacy('tools/list', {}, 1).body,
    { ...hello({ protocolVersion: '2025-06-18' }), id: 2 },
    legacy('ping', {}, 3).body,
    modern('tools/list', {}, 4).body,
  ]);
});

it('odd introductions', async () => {
  for (const changes of [
    { capabilities: null },
    { capabilities: { elicitation: { more: 1 } } },
    { clientInfo: {} },
    { protocolVersion: 7 },
  ]) {
    await compareAll([hello(changes), initialized, legacy('tools/list', {}, 1).body]);
  }
}, 60_000);

it('log messages of a client that has said how much it wants to hear', async () => {
  for (const level of ['error', 'debug']) {
    await compareAll([
      hello(),
      initialized,
      legacy('logging/setLevel', { level }, 1).body,
      legacy('tools/call', { name: 'chatty' }, 2).body,
    ]);
  }
});

it('first messages that settle nothing, and those that settle the version', async () => {
  const rest = [legacy('tools/list', {}, 1).body, modern('tools/list', {}, 2).body];
  const firsts = [
    legacy('ping', {}, 0).body,
    legacy('tools/list', {}, 0).body,
    legacy('made/up', {}, 0).body,
    legacy('logging/setLevel', { level: 'error' }, 0).body,
    modern('tools/list', {}, 0).body,
    modern('ping', {}, 0).body,
    modern('prompts/get', { name: 'nobody' }, 0).body,
  ];
  for (const first of firsts) await compareAll([first, ...rest]);
}, 120_000);

it('calls that are cancelled are not answered, and equal ids are the same to both', async () => {
  const slow = { ms: 50 };
  await compare(
    [
      call('first', 'echo'),
      call(1, 'slow', slow),
      cancel(1),
      call(2, 'slow', slow),
      cancel(3),
      call('2', 'echo'),
      cancel('2'),
    ],
    2,
  );
});
