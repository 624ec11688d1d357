/** Over stdio, too, plain calls are answered as the MCP SDK answers them. */
import { afterEach, expect, it } from 'vitest';
import { differentialProject, TOOL_NAMES } from '../support/differential-project.js';
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
  const clientInfo = { name: 'stranger', version: '1.0.0' };
  const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  await compare([
    legacy('initialize', hello, 0).body,
    call(1, 'echo'),
    legacy('tools/call', { name: 'echo' }, 2).body,
    call(3, 'echo'),
  ]);
});

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
