/** A client starts a server in whatever folder it is in itself: every relative path means the project's folder. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { cleanEnv, temporaryFolder } from '../support/cli.js';
import { hostileProject, KEYS, LIST_TOOLS, send } from '../support/hostile-project.js';
import { copyOf, startHttp, startProcess, stop } from '../support/server.js';

const SETTINGS = {
  AUDIT_LOG_PATH: 'logs/audit.jsonl',
  DATABASE_URL: 'file:kept/notes.db',
  LOG_LEVEL_FILE: 'settings/level',
  MCP_API_KEYS_FILE: 'settings/keys',
  POLICY_PATH: 'settings/policy.yaml',
};
const POLICY = 'roles: { user: { everyone: true, allowed_tools: [create_note, "search_*"] } }\n';
const CREATE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'create_note', arguments: { title: 'Here', body: '' } },
};

let project: string;

beforeAll(async () => {
  project = await hostileProject();
});

/** A copy of the project with everything that `SETTINGS` names. */
async function configured(): Promise<string> {
  const copy = await copyOf(project);
  for (const folder of ['logs', 'settings']) mkdirSync(join(copy, folder));
  writeFileSync(join(copy, 'settings/level'), 'debug\n');
  writeFileSync(join(copy, 'settings/keys'), `alice:${KEYS.alice}\n`);
  writeFileSync(join(copy, 'settings/policy.yaml'), POLICY);
  return copy;
}

function expectInPlace(copy: string): void {
  expect(readFileSync(join(copy, 'logs/audit.jsonl'), 'utf8')).toContain('"name":"create_note"');
  expect(existsSync(join(copy, 'kept/notes.db'))).toBe(true);
}

it('over HTTP', async () => {
  const copy = await configured();
  const server = await startHttp(copy, SETTINGS, '/');
  onTestFinished(async () => void (await stop(server)));
  const listed = await send(server.port);
  expect(listed.status).toBe(200);
  expect(listed.body).toContain('search_notes');
  // The policy of the project's own folder allows everything.
  expect(listed.body).not.toContain('delete_note');
  expect((await send(server.port, { body: CREATE })).body).toContain('"title":"Here"');
  await stop(server);
  expectInPlace(copy);
});

it('over stdio', async () => {
  const copy = await configured();
  const server = startProcess(copy, 'stdio.js', SETTINGS, temporaryFolder());
  onTestFinished(async () => void (await stop(server)));
  server.child.stdin.write(`${JSON.stringify({ ...LIST_TOOLS, id: 2 })}\n`);
  server.child.stdin.write(`${JSON.stringify(CREATE)}\n`);
  await expect.poll(server.stdout, { timeout: 10_000 }).toContain('"title":"Here"');
  expect(server.stdout()).toContain('search_notes');
  expect(server.stdout()).not.toContain('delete_note');
  server.child.stdin.end();
  expect(await server.ended).toBe(0);
  expectInPlace(copy);
});

it('a problem of the policy is told with the place of its file', async () => {
  const copy = await configured();
  const file = join(copy, 'settings/policy.yaml');
  writeFileSync(file, 'roles:\n  user: { allowed_tools: [search_note] }\n');
  const server = startProcess(copy, 'http.js', { ...SETTINGS, PORT: '0' }, '/');
  expect(await server.ended).toBe(1);
  expect(server.stderr()).toContain(`${file}:2: `);
});

it('the keys that the script lists are those of the server', async () => {
  const copy = await configured();
  const { MCP_API_KEYS_FILE } = SETTINGS;
  const env = { ...cleanEnv(), MCP_API_KEYS_FILE };
  const script = join(copy, 'scripts/keys.mjs');
  const { stdout } = await execa('node', [script, 'list'], { cwd: '/', env, extendEnv: false });
  expect(stdout).toMatch(/^alice /m);
});
