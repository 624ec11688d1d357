import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { apiKeys } from '../../src/auth/api-keys.js';
import { nodeHost } from '../../src/host/node/host.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { openPart } from '../support/app.js';
import { newFolder } from '../support/folder.js';

const script = fileURLToPath(
  new URL('../../../templates/auth/api-key/files/scripts/keys.mjs', import.meta.url),
);
const keys = (...args: string[]) =>
  execFileSync(process.execPath, [script, ...args], { encoding: 'utf8' });

const newFile = () => join(newFolder('api-keys'), 'api-keys.txt');

/** Adds a key to a file. @returns the key. */
function create(name: string, file: string, ...rights: string[]): string {
  return /^ {2}(\S+)$/m.exec(keys('create', name, '--file', file, ...rights))?.[1] ?? '';
}

/** Accepts what is in the file; each call happens two seconds after the one before. */
function authenticator(file: string) {
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
  onTestFinished(() => clock.mockRestore());
  const log = createLogger(nodeHost, 'silent', 'test');
  const logged = vi.spyOn(log, 'error');
  const { authenticate } = openPart(apiKeys(), { MCP_API_KEYS_FILE: file }, { log });
  const send = (key: string) => {
    now += 2_000;
    return authenticate(new Headers({ 'x-api-key': key }));
  };
  return { send, logged };
}

test('a key that the helper made is accepted; the file has only its hash', async () => {
  const file = newFile();
  const key = create('alice', file, '--scope', 'notes:read', '--role', 'editor');
  expect(await authenticator(file).send(key)).toEqual({
    principal: { id: 'alice', scopes: ['notes:read'], roles: ['editor'] },
  });
  expect(readFileSync(file, 'utf8')).not.toContain(key);
  expect(keys('list', '--file', file)).toMatch(/^alice +notes:read role=editor\n$/);
});

test('keys come and go without a restart', async () => {
  const file = newFile();
  const old = create('alice', file);
  const { send } = authenticator(file);
  const fresh = create('alice', file);
  expect(await send(old)).toHaveProperty('principal');
  expect(await send(fresh)).toHaveProperty('principal');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^.*\n/, '# moved\n'));
  expect(await send(old)).toHaveProperty('refusal.status', 401);
  expect(await send(fresh)).toHaveProperty('principal');
});

test.each(['broken', '', 'bob:hunter2'])('a mistake changes nothing: "%s"', async (text) => {
  const file = newFile();
  const key = create('alice', file);
  const { send, logged } = authenticator(file);
  await send(key);
  writeFileSync(file, text);
  expect(await send(key)).toHaveProperty('principal');
  expect(await send(key)).toHaveProperty('principal');
  expect(logged).toHaveBeenCalledOnce();
  expect(JSON.stringify(logged.mock.calls)).not.toContain('hunter2');
});

test('a file that is still being written does not count: its last line may lack its rights', async () => {
  const file = newFile();
  const key = create('alice', file, '--scope', 'notes:read');
  const { send } = authenticator(file);
  await send(key);
  const whole = readFileSync(file, 'utf8');
  writeFileSync(file, whole.replace(/:notes:read/, ''));
  setTimeout(() => writeFileSync(file, whole), 10);
  expect(await send(key)).toHaveProperty('principal.scopes', ['notes:read']);
});
