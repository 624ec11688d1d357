import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Credential, Feature } from '../../src/catalog/types.js';
import { CliError } from '../../src/errors.js';
import {
  bearerToken,
  serverSettings,
  withTemporaryDirectory,
} from '../../src/smoke/environment.js';
import { runSmoke } from '../../src/smoke/index.js';
import type { ProjectTarget } from '../../src/smoke/types.js';
import { feature } from '../support/feature.js';
import { HTTP, KEY, SERVERS } from './fixtures.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'smoke-environment-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const target = (...features: Feature[]): ProjectTarget => ({
  kind: 'project',
  directory,
  name: 'my-server',
  features,
});
const write = (path: string, text: string) => writeFileSync(join(directory, path), text);
const signal = new AbortController().signal;

const keys = feature({
  env: [{ name: 'KEYS', description: '', secret: true }],
  local: [
    { name: 'KEYS', value: 'local:{random}' },
    { name: 'AUDIENCE', value: '{name}' },
  ],
});

test('makes up local values that are set nowhere', async () => {
  const { env, secrets } = await serverSettings(target(keys), {});
  expect(env).toEqual({
    KEYS: expect.stringMatching(/^local:[\w-]{43}$/),
    AUDIENCE: 'my-server',
  });
  expect(secrets).toContain(Object.values(env)[0]);
});

test('takes the values of .env, and rather those of the shell', async () => {
  write('.env', 'KEYS="local:from-the-file"\nOWN_SETTING=of the user\nAUDIENCE=file\n');
  const { env, secrets } = await serverSettings(target(keys), { AUDIENCE: 'shell', OTHER: 'x' });
  expect(env).toEqual({
    KEYS: 'local:from-the-file',
    OWN_SETTING: 'of the user',
    AUDIENCE: 'shell',
  });
  expect(secrets).toContain('local:from-the-file');
});

test('a secret in a file is not made up a second time', async () => {
  const { env } = await serverSettings(target(keys), { KEYS_FILE: '/run/secrets/keys' });
  expect(env).toEqual({ KEYS_FILE: '/run/secrets/keys', AUDIENCE: 'my-server' });
});

test('does not make up a secret for who configures the feature otherwise', async () => {
  const jwt = feature({
    env: [
      { name: 'SECRET', description: '' },
      { name: 'KEY_SET_URL', description: '' },
    ],
    local: [{ name: 'SECRET', value: '{random}' }],
  });
  const ours = { KEY_SET_URL: 'https://login.example.com/keys' };
  expect((await serverSettings(target(jwt), ours)).env).toEqual(ours);
});

test('the server does not hear about where it is deployed, nor about our shell', async () => {
  write('.env', 'ALLOWED_HOSTS=example.com\nPUBLIC_URL=https://example.com\nPORT=80\n');
  const ours = { PATH: '/bin', NODE_OPTIONS: '--inspect', AWS_SECRET_ACCESS_KEY: 'x', HOST: '::' };
  expect((await serverSettings(target(), ours)).env).toEqual({ PATH: '/bin' });
});

test('what the features ask for when they are tested comes last', async () => {
  write('.env', 'STORE=/data/of/the/user.db\n');
  const store = feature({ smoke: { env: { STORE: 'file:{tmp}/a.db' } } });
  const { env } = await serverSettings(target(store), { STORE: '/data/of/the/shell.db' });
  const first = await withTemporaryDirectory(env);
  const second = await withTemporaryDirectory(env);
  expect(first.env).toEqual({ STORE: expect.stringMatching(/^file:.*mcp-gen-smoke-.*\/a\.db$/) });
  expect(second.env).not.toEqual(first.env);
  await Promise.all([first.dispose(), second.dispose()]);
});

const fromEnv: Credential = { from: 'env', variable: 'KEYS', match: '^[^:,]+:(?!sha256:)([^:,]+)' };

test.each([
  ['ci:one', 'one'],
  ['ci:one,laptop:two', 'one'],
  ['ci:sha256:0123abcd,laptop:two', 'two'],
])('the first usable key of %s', async (value, token) => {
  expect(await bearerToken(fromEnv, target(), { KEYS: value }, signal)).toBe(token);
});

test('a key in a file', async () => {
  write('keys', 'ci:from-the-file\n');
  const env = { KEYS_FILE: join(directory, 'keys') };
  expect(await bearerToken(fromEnv, target(), env, signal)).toBe('from-the-file');
});

test('a key in a file of the project, which the server finds from any folder', async () => {
  write('keys', 'ci:from-the-file\n');
  expect(await bearerToken(fromEnv, target(), { KEYS_FILE: 'keys' }, signal)).toBe('from-the-file');
});

test('only hashes of keys: says what to pass', async () => {
  const problem = await bearerToken(fromEnv, target(), { KEYS: 'ci:sha256:00ff' }, signal).catch(
    (error) => error,
  );
  expect(problem).toBeInstanceOf(CliError);
  expect(problem.problems).toEqual([
    {
      message: 'KEYS contains no key that a client can send (only hashes, or nothing).',
      hint: "Pass a valid one: --header 'Authorization: Bearer <key>'",
    },
  ]);
});

const fromScript: Credential = { from: 'script', args: ['scripts/token.mjs'] };

test("a token from the project's script, which sees the server's environment", async () => {
  mkdirSync(join(directory, 'scripts'));
  write('scripts/token.mjs', 'console.error("note"); console.log("token-for-" + process.env.AUD);');
  expect(await bearerToken(fromScript, target(), { AUD: 'x' }, signal)).toBe('token-for-x');
});

test('a script that fails: its last line and what to pass', async () => {
  mkdirSync(join(directory, 'scripts'));
  write('scripts/token.mjs', 'console.error("JWT_SECRET is not set"); process.exit(1);');
  await expect(bearerToken(fromScript, target(), {}, signal)).rejects.toMatchObject({
    problems: [
      {
        message:
          '`node scripts/token.mjs` printed no token for a local client: JWT_SECRET is not set',
        hint: expect.stringContaining('--header'),
      },
    ],
  });
});

test('a header replaces the derived credential', async () => {
  const project: ProjectTarget = {
    kind: 'project',
    directory: SERVERS,
    name: 'x',
    features: [HTTP, KEY],
  };
  const report = await runSmoke({
    env: process.env,
    target: project,
    headers: { authorization: 'Bearer not-the-key' },
    timeoutMs: 3000,
  });
  expect(report.ok).toBe(false);
  expect(report.steps).toContainEqual(
    expect.objectContaining({ name: 'http · 2026-07-28 · connect', status: 'failed' }),
  );
});

test('a project that is not built: says how to build it', async () => {
  const project = { ...target(HTTP), buildCommand: 'pnpm run build' };
  await expect(runSmoke({ target: project, env: process.env })).rejects.toMatchObject({
    exitCode: 1,
    problems: [
      {
        message: expect.stringMatching(
          /^http\.mjs does not exist in .*: the project is not built\.$/,
        ),
        hint: 'Build it first: pnpm run build',
      },
    ],
  });
});

test('a project without a server proves nothing and says so', async () => {
  await expect(runSmoke({ target: target(), env: process.env })).rejects.toThrow(
    'The project has no server to start.',
  );
});
