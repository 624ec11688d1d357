/** What arrives over stdio: garbage, huge and partial lines, and an end in the middle of a message. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { temporaryFolder } from '../support/cli.js';
import { hostileEnv, hostileProject, legacy, MARK, modern } from '../support/hostile-project.js';
import { type RunningServer, startProcess } from '../support/server.js';

let project: string;
beforeAll(async () => {
  project = await hostileProject();
});

let server: RunningServer | undefined;
afterEach(() => {
  server?.child.kill('SIGKILL');
  // Nothing but messages ever reaches stdout, and no secret any output.
  for (const line of server?.stdout().split('\n').slice(0, -1) ?? []) {
    expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' });
  }
  expect(`${server?.stdout()}${server?.stderr()}`).not.toContain(MARK);
});

function start(changes: Record<string, string> = {}): RunningServer {
  server = startProcess(project, 'stdio.js', { ...hostileEnv(), ...changes });
  return server;
}

const line = (message: object) => `${JSON.stringify(message)}\n`;
const clientInfo = { name: 'stranger', version: '1.0.0' };
const initialize = line({
  jsonrpc: '2.0',
  id: 'hello',
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo },
});
const whoAmI = (value: string, id: unknown = value) =>
  line(legacy('tools/call', { name: 'who_am_i', arguments: { value } }, id).body);

const answers = ({ stdout }: RunningServer) =>
  stdout()
    .split('\n')
    .slice(0, -1)
    .map((text) => JSON.parse(text));

/** Waits for the answer to the request `id`. */
async function answerTo(running: RunningServer, id: unknown) {
  const find = () => answers(running).find((answer) => answer.id === id);
  await expect.poll(find, { timeout: 10_000 }).toBeDefined();
  return find();
}

const GARBAGE: readonly (readonly [string, string | Uint8Array])[] = [
  ['a word', 'garbage\n'],
  ['an empty line', '\n\n\r\n'],
  ['half an object', '{"jsonrpc":\n'],
  ['an HTTP request', 'POST /mcp HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['null', 'null\n'],
  ['an empty batch', '[]\n'],
  ['a number', '42\n'],
  ['a message without a version', '{"id":9,"method":"tools/list"}\n'],
  ['an object as id', '{"jsonrpc":"2.0","id":{},"method":"tools/list"}\n'],
  ['an answer to nothing', '{"jsonrpc":"2.0","id":77,"result":{}}\n'],
  ['a cancellation of nothing', line({ jsonrpc: '2.0', method: 'notifications/cancelled' })],
  ['__proto__ as a message', '{"__proto__":{"jsonrpc":"2.0"}}\n'],
  ['__proto__ as a method', line(legacy('__proto__', {}, 9).body)],
  ['a byte order mark', '\ufeff\n'],
  ['control characters', '\u0000\u001b[2J\u0007\u009b31m\n'],
  ['binary', Buffer.from(Array.from({ length: 512 }, (_, n) => (n % 256 === 10 ? 11 : n % 256)))],
  ['10 000 levels of nesting', `${'['.repeat(10_000)}\n`],
  ['a line of 1 MB', `${'x'.repeat(1_000_000)}\n`],
];

it('garbage between two messages changes nothing', async () => {
  const running = start();
  running.child.stdin.write(initialize);
  await answerTo(running, 'hello');
  for (const [what, garbage] of GARBAGE) {
    running.child.stdin.write(garbage);
    running.child.stdin.write(`\n${whoAmI(what)}`);
    const answer = await answerTo(running, what);
    expect(answer.result.structuredContent).toEqual({ caller: 'stdio', value: what });
  }
});

it('a connection that began in 2025-11-25 stays there, whatever a call says of itself', async () => {
  const running = start();
  running.child.stdin.write(initialize);
  await answerTo(running, 'hello');
  for (const id of ['first', 'second', 'third']) {
    const call = modern('tools/call', { name: 'who_am_i', arguments: { value: id } }, id);
    running.child.stdin.write(line(call.body));
    const { result } = await answerTo(running, id);
    expect(result.structuredContent).toEqual({ caller: 'stdio', value: id });
    expect(result).not.toHaveProperty('resultType');
  }
});

it('a message may come byte by byte, also within a character', async () => {
  const running = start();
  for (const byte of Buffer.from(initialize + whoAmI('ä€😀'))) {
    running.child.stdin.write(Buffer.from([byte]));
  }
  expect((await answerTo(running, 'ä€😀')).result.structuredContent.value).toBe('ä€😀');
});

it('a line without an end and of more than 10 MB ends it with an exit code that says so', async () => {
  const running = start();
  running.child.stdin.write(initialize + 'x'.repeat(11_000_000));
  expect(await running.ended).toBe(1);
});

it('an end in the middle of a message is an end: exit code 0', async () => {
  const running = start();
  running.child.stdin.write(initialize);
  await answerTo(running, 'hello');
  running.child.stdin.end(whoAmI('never').slice(0, -20));
  expect(await running.ended).toBe(0);
  expect(answers(running)).toHaveLength(1);
});

it.each(['a\r\nb', '\u001b[2J', '"}', '__proto__'])(
  'the id %j comes back on one line',
  async (id) => {
    const running = start();
    running.child.stdin.write(initialize + whoAmI('x', id));
    expect((await answerTo(running, id)).result.structuredContent.value).toBe('x');
  },
);

it('whatever a tool prints or throws stays off stdout', async () => {
  const running = start();
  const call = { name: 'leak', arguments: { text: '{"jsonrpc":"2.0","id":"leak","result":{}}' } };
  running.child.stdin.write(initialize + line(legacy('tools/call', call, 'leak').body));
  const answer = await answerTo(running, 'leak');
  expect(answer.result).toMatchObject({ isError: true });
  expect(answers(running).filter(({ id }) => id === 'leak')).toHaveLength(1);
});

it('a modern request right away is answered, too', async () => {
  const running = start();
  running.child.stdin.write(line(modern('tools/call', { name: '__proto__', arguments: {} }).body));
  expect((await answerTo(running, 1)).error.code).toBe(-32_602);
});

it('needs none of the secrets that protect HTTP', async () => {
  const running = start({ MCP_API_KEYS: '' });
  running.child.stdin?.write(initialize);
  expect(await answerTo(running, 'hello')).toHaveProperty('result.serverInfo');
});

it('asks for an approval as soon as the policy demands it, on a connection that is open', async () => {
  const file = path.join(temporaryFolder('create-mcp-server-policy-'), 'policy.yaml');
  const write = (more: string) =>
    writeFileSync(file, `roles: { all: { everyone: true, allowed_tools: ['*']${more} } }`);
  write('');
  const running = start({ POLICY_PATH: file });
  running.child.stdin?.write(initialize + whoAmI('before'));
  expect(await answerTo(running, 'before')).toHaveProperty('result.structuredContent');
  write(", require_approval: ['*']");
  await expect.poll(() => running.stderr(), { timeout: 10_000 }).toContain('policy has changed');
  running.child.stdin?.write(whoAmI('after'));
  expect(await answerTo(running, 'after')).toMatchObject({
    result: { isError: true, _meta: { error: { code: 'APPROVAL_IMPOSSIBLE' } } },
  });
});
