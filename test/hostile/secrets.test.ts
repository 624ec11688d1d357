/** Everything that leaves the server, on any channel, searched for marked secrets, stacks, paths, SQL and control characters. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  eras,
  expectDecent,
  hostileEnv,
  hostileProject,
  MARK,
  messageOf,
  modern,
  send,
} from '../support/hostile-project.js';
import { type RunningHttp, startHttp, startProcess, stop } from '../support/server.js';

let project: string;
let server: RunningHttp;
beforeAll(async () => {
  project = await hostileProject();
  server = await startHttp(project, hostileEnv());
});
afterAll(() => stop(server));

const INJECTIONS = [
  ['a line break', 'x\n{"level":"fatal","msg":"forged"}'],
  ['a carriage return', 'x\r{"level":"fatal","msg":"forged"}'],
  ['an escape sequence', '\u001b[2J\u001b]0;title\u0007'],
  ['an eight-bit escape sequence', '\u009b31m\u009d0;title\u009c'],
  ['a line separator', 'x\u2028{"level":"fatal"}\u2029\u0085'],
  ['text that runs backwards', '\u202egpj.exe\u202c\u2066\u2069'],
  ['a quote that ends the line', '","level":"fatal","x":"'],
  ['a delete character', 'abc\u007f\u007f'],
] as const;

describe('the log', () => {
  it.each(INJECTIONS)('%s does not add to it or steer a terminal', async (_, text) => {
    const before = server.stderr().length;
    for (const [, make] of eras) {
      await send(server.port, make('tools/call', { name: 'leak', arguments: { text } }));
      await send(server.port, make('tools/call', { name: text, arguments: {} }));
      await send(server.port, make('resources/read', { uri: text }));
    }
    // Lines are written in their order, some time after the answers that they tell of.
    const end = randomUUID();
    await send(server.port, modern('tools/call', { name: 'leak', arguments: { text: end } }));
    await expect.poll(server.stderr).toContain(end);
    const lines = server.stderr().slice(before).split('\n').slice(0, -1);
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) {
      expect(line).toMatch(/^[\x20-\x7e\u00a0-\u2027\u202f-\u2065\u206a-\uffff]*$/);
      expect(['fatal', undefined]).not.toContain(JSON.parse(line).level);
    }
  });

  it('has no secret, though a tool logged and threw some', async () => {
    await expect.poll(server.stderr).toContain('"headers":{"authorization":"[redacted]"');
    await expect.poll(server.stderr).toContain('postgres://[redacted]@10.0.0.7');
    expect(server.stderr()).not.toContain(MARK);
  });
});

it.each(eras)('an error tells the caller nothing but where to find it, %s', async (_, make) => {
  const response = await send(server.port, make('tools/call', { name: 'leak', arguments: {} }));
  const { result } = messageOf(response);
  expect(result?.isError).toBe(true);
  expect(result?.content?.[0]?.text).toMatch(/^Internal error\. Reference: [0-9a-f-]{36}\.$/);
  const id = response.headers.get('x-request-id');
  expect(result?.content?.[0]?.text).toContain(id);
  await expect.poll(server.stderr).toContain(id);
});

describe('what is printed when the server does not start', () => {
  it.each<[string, Record<string, string>]>([
    ['a weak key', { MCP_API_KEYS: `alice:${MARK}` }],
    ['a key with a right that does not exist', { MCP_API_KEYS: `a:${MARK}7Q2xW9KcV4b:x=${MARK}` }],
    ['a key without a name', { MCP_API_KEYS: `${MARK}7Q2xW9KcV4b` }],
    ['an address with a password', { PUBLIC_URL: `nonsense://u:${MARK}@[` }],
    ['a database with a password', { DATABASE_URL: `postgres://u:${MARK}@127.0.0.1:1/x` }],
    ['a database that is no address', { DATABASE_URL: `//u:${MARK}@[x/y` }],
    ['a file of keys that is not there', { MCP_API_KEYS: '', MCP_API_KEYS_FILE: '/nowhere' }],
  ])('%s', async (_, env) => {
    const started = startProcess(project, 'http.js', { ...hostileEnv(), ...env, PORT: '0' });
    const timer = setTimeout(() => started.child.kill(), 5_000);
    const code = await started.ended.finally(() => clearTimeout(timer));
    expect(code).not.toBe(0);
    expect(started.stderr()).not.toBe('');
    expect(started.stderr() + started.stdout()).not.toContain(MARK);
  });
});

it('the health endpoints say nothing about the inside', async () => {
  for (const target of ['/healthz', '/readyz', '/metrics', '/healthz?verbose', '/debug']) {
    const { body, status } = await send(server.port, { method: 'GET', target, body: '' });
    expect([200, 404]).toContain(status);
    expectDecent(body);
    expect(body).not.toMatch(/hostile\.db|node_modules|v\d+\.\d+/);
  }
});
