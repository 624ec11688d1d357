/** API keys: what gets in, what does not, and what the server refuses to start with. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  expectDecent,
  hostileEnv,
  hostileProject,
  KEYS,
  LIST_TOOLS,
  legacy,
  MARK,
  type McpRequest,
  messageOf,
  send,
} from '../support/hostile-project.js';
import { type RunningHttp, startHttp, startProcess, stop } from '../support/server.js';

const { alice, bob } = KEYS;
const hashOf = (key: string) => createHash('sha256').update(key).digest('hex');

let project: string;
let server: RunningHttp;
beforeAll(async () => {
  project = await hostileProject();
  server = await startHttp(project, hostileEnv());
});
afterAll(async () => {
  await stop(server);
  expect(server.stderr()).not.toContain(MARK);
});

/** A request without the key that `send` adds. */
const bare = (headers: Record<string, string> = {}, more: McpRequest = {}): McpRequest => ({
  ...more,
  headers: { 'x-api-key': undefined as never, ...headers },
});

describe('lets in', () => {
  it.each<[string, McpRequest]>([
    ['a key as x-api-key', {}],
    ['a key as bearer token', bare({ authorization: `Bearer ${alice}` })],
    ['a bearer token, whatever the case of the word', bare({ AUTHORIZATION: `bEARER  ${alice}` })],
    ['the same key in both headers', { headers: { authorization: `Bearer ${alice}` } }],
    ['a key with blanks around it, which HTTP strips', bare({ 'x-api-key': `\t ${alice} ` })],
  ])('%s', async (_, request) => {
    expect((await send(server.port, request)).status).toBe(200);
  });
});

describe('refuses with 401 and a challenge', () => {
  const all = `key=${alice}&api_key=${alice}&apikey=${alice}&token=${alice}&access_token=${alice}`;
  it.each<[string, McpRequest]>([
    ['no key', bare()],
    ['an empty key', bare({ 'x-api-key': '' })],
    ['an empty bearer token', bare({ authorization: 'Bearer ' })],
    ['blanks as a key', bare({ 'x-api-key': ' \t ' })],
    ['a key in the query string', bare({}, { target: `/mcp?${all}` })],
    ['a key in a cookie', bare({ cookie: `x-api-key=${alice}; authorization=Bearer ${alice}` })],
    ['a key in the body', bare({}, { body: { ...LIST_TOOLS, params: { key: alice } } })],
    ['a key in another header', bare({ 'x-auth-token': alice, 'proxy-authorization': alice })],
    ['two different keys in two headers', { headers: { authorization: `Bearer ${bob}` } }],
    ['two x-api-key headers', { moreHeaders: [['X-API-Key', bob]] }],
    [
      'two authorization headers',
      bare({ authorization: `Bearer ${alice}` }, { moreHeaders: [['Authorization', 'Bearer x']] }),
    ],
    [
      'two authorization headers, the right one last',
      bare({ authorization: 'Bearer x' }, { moreHeaders: [['Authorization', `Bearer ${alice}`]] }),
    ],
    ['a list of keys', bare({ 'x-api-key': `${alice},${bob}` })],
    ['the name of a key', bare({ 'x-api-key': 'alice' })],
    ['an entry of the configuration', bare({ 'x-api-key': `alice:${alice}` })],
    ['the hash of a key', bare({ 'x-api-key': hashOf(alice) })],
    ['the hash of a key as it is stored', bare({ 'x-api-key': `sha256:${hashOf(alice)}` })],
    ['the first half of a key', bare({ 'x-api-key': alice.slice(0, 12) })],
    ['a key and one more character', bare({ 'x-api-key': `${alice}x` })],
    ['a key in other case', bare({ 'x-api-key': alice.toUpperCase() })],
    ['a key of one character', bare({ 'x-api-key': 'a' })],
    ['a key of 12 KB', bare({ 'x-api-key': 'k'.repeat(12_000) })],
    ['the key __proto__', bare({ 'x-api-key': '__proto__' })],
    ['the key constructor', bare({ authorization: 'Bearer constructor' })],
    ['a key with bytes above ASCII', bare({ 'x-api-key': `${alice}\u00e9\u00ff` })],
    ['basic authentication', bare({ authorization: `Basic ${btoa(`alice:${alice}`)}` })],
    ['a word instead of Bearer', bare({ authorization: `Key ${alice}` })],
    ['a bearer token with a blank in it', bare({ authorization: `Bearer ${alice} x` })],
    ['a pattern that fits every key', bare({ 'x-api-key': '.*' })],
    ['undefined as a word', bare({ 'x-api-key': 'undefined' })],
  ])('%s', async (_, request) => {
    const response = await send(server.port, request);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer\b/);
    expect(messageOf(response)).toMatchObject({ id: null, error: { code: -32_000 } });
  });
});

describe('refuses with 400 or 431, before anyone looks at keys', () => {
  it.each<[string, string, number]>([
    ['a key of 100 KB', 'k'.repeat(100_000), 431],
    ['a zero byte in a key', `${alice}\0`, 400],
    ['a line break in a key', `${alice}\rx: y`, 400],
    ['an escape sequence in a key', `\u001b[2J${alice}`, 400],
  ])('%s', async (_, key, status) => {
    const response = await send(server.port, bare({ 'x-api-key': key }));
    expect(response.status).toBe(status);
  });
});

it('a wrong key costs about as much time as a right one', async () => {
  const time = async (key: string) => {
    const times: number[] = [];
    for (let n = 0; n < 15; n += 1) {
      const started = performance.now();
      await send(server.port, { ...bare({ 'x-api-key': key }), body: '{' });
      times.push(performance.now() - started);
    }
    return times.sort((a, b) => a - b)[7] ?? 0;
  };
  // Nothing here grows with the number of characters that are right; a busy machine is no reason to fail.
  expect(Math.abs((await time(`${alice.slice(0, -1)}x`)) - (await time(alice)))).toBeLessThan(50);
});

it('a key may do what its scopes say, and no more', async () => {
  const call = (key: string, name: string, args: object) => {
    const { headers, body } = legacy('tools/call', { name, arguments: args });
    return send(server.port, { headers: { ...headers, 'x-api-key': key }, body });
  };
  const note = { title: 'x', body: 'y' };
  expect(messageOf(await call(alice, 'create_note', note)).result?.isError).toBeUndefined();
  const refused = messageOf(await call(KEYS.reader, 'create_note', note));
  expect(refused.error !== undefined || refused.result?.isError === true).toBe(true);
  const found = messageOf(await call(KEYS.reader, 'search_notes', { query: 'x' }));
  expect(found.result?.isError).toBeUndefined();
});

describe('does not start with', () => {
  const strong = `${MARK}b3Qz7LmT2xWq9KcV`;
  it.each([
    ['no keys', ''],
    ['a short key', `alice:${MARK}7a`],
    ['a placeholder', `alice:changeme-${'changeme'}`],
    ['a placeholder in angle brackets', `alice:<${MARK}-the-key-of-alice>`],
    ['an example', 'alice:your-api-key-here'],
    ['repeated characters', 'alice:abababababababababab'],
    ['a sequence', 'alice:0123456789012345678'],
    ['a key without a name', strong],
    ['half a hash', `alice:sha256:${hashOf(strong).slice(2)}`],
    ['a hash of zeros', `alice:sha256:${'0'.repeat(64)}`],
    ['one key under two names', `alice:${strong},bob:${strong}`],
    ['one key under two names, once as a hash', `alice:${strong},b:sha256:${hashOf(strong)}`],
    ['a right that does not exist', `alice:${strong}:admin=${MARK}`],
    ['a role without a name', `alice:${strong}:role=`],
    ['a day that does not exist', `alice:${strong}:expires=2027-02-30`],
    ['a key that no header can carry', `alice:${strong}\u00e9`],
  ])('%s', async (_, MCP_API_KEYS) => {
    const started = startProcess(project, 'http.js', { ...hostileEnv(), MCP_API_KEYS, PORT: '0' });
    expect(await started.ended).toBe(1);
    expect(started.stderr()).toMatch(/MCP_API_KEYS: /);
    expectDecent(started.stderr() + started.stdout());
  });
});

describe('a file of keys', () => {
  const entry = (name: string, key: string, rights = '') =>
    `${name}:sha256:${hashOf(key)}${rights}\n`;
  const status = async (port: number, key: string) =>
    (await send(port, { headers: { 'x-api-key': key } })).status;
  /** Keys count within a second; a busy machine gets more. */
  const soon = (port: number, key: string, wanted: number) =>
    expect.poll(() => status(port, key), { timeout: 6_000, interval: 200 }).toBe(wanted);

  async function startWith(file: string): Promise<RunningHttp> {
    const { MCP_API_KEYS: _, ...env } = hostileEnv();
    const started = await startHttp(project, { ...env, MCP_API_KEYS_FILE: file });
    onTestFinished(async () => {
      await stop(started);
      expect(started.stderr()).not.toContain(MARK);
    });
    return started;
  }

  async function folder(): Promise<string> {
    const made = await mkdtemp(join(tmpdir(), 'create-mcp-server-keys-'));
    onTestFinished(() => rm(made, { recursive: true, force: true }));
    return made;
  }

  it('is read again: keys come and go without a restart, a broken file changes nothing', async () => {
    const file = join(await folder(), 'keys');
    await writeFile(file, `# who has keys\n\n${entry('alice', alice)}`);
    const { port, stderr } = await startWith(file);
    expect(await status(port, alice)).toBe(200);
    expect(await status(port, bob)).toBe(401);

    await writeFile(file, entry('alice', alice) + entry('bob', bob, ':notes:read role=reader'));
    await soon(port, bob, 200);
    await writeFile(file, entry('bob', bob));
    await soon(port, alice, 401);

    for (const broken of [`bob:${MARK}\n`, '', `\0\0${MARK}`, `carol:${MARK}:${MARK}=1\n`]) {
      await writeFile(file, broken);
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      expect(await status(port, bob)).toBe(200);
      expect(await status(port, alice)).toBe(401);
    }
    await rm(file);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await status(port, bob)).toBe(200);
    await expect
      .poll(stderr)
      .toContain('MCP_API_KEYS_FILE is not valid; the keys before it stay valid');
  });

  it('may be a mounted secret, which changes by a new symbolic link', async () => {
    const mount = await folder();
    const publish = async (version: string, text: string) => {
      await mkdir(join(mount, `..${version}`));
      await writeFile(join(mount, `..${version}`, 'keys'), text);
      await symlink(`..${version}`, join(mount, '..data_tmp'));
      await rename(join(mount, '..data_tmp'), join(mount, '..data'));
    };
    await publish('1', entry('alice', alice));
    await symlink('..data/keys', join(mount, 'keys'));
    const { port } = await startWith(join(mount, 'keys'));
    expect(await status(port, alice)).toBe(200);
    await publish('2', entry('bob', bob));
    await soon(port, bob, 200);
    expect(await status(port, alice)).toBe(401);
  });
});
