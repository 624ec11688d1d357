import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'vitest';
import { runCli, temporaryFolder } from '../support/cli.js';
import { fakeManager, pathWith, seenEnv } from './fakes.js';

const ARGS = ['my-server', '--yes', '--package-manager', 'npm'];
const statuses = (stdout: string): Record<string, string> =>
  Object.fromEntries(
    JSON.parse(stdout).steps.map((step: { name: string; status: string }) => [
      step.name,
      step.status,
    ]),
  );

describe.concurrent('a step fails: exit 1, the project stays', () => {
  test('install: the last lines of the child, and the command to try again', async ({ expect }) => {
    const cwd = temporaryFolder();
    const env = fakeManager(cwd, { install: { fail: 'npm error line', lines: 30 } }, ['git']);
    const { code, stderr, stdout } = await runCli(ARGS, { cwd, env });
    expect(code).toBe(1);
    expect(stderr).toContain('npm install failed (exit code 7):');
    expect(stderr).toContain('npm error line 30');
    expect(stderr).toContain('npm error line 11');
    expect(stderr).not.toMatch(/npm error line 10$/m);
    expect(stderr).toContain('in the project: npm install && npm run build');
    expect(stdout).toMatch(/Next\n {2}cd my-server\n {2}npm install\n {2}npm run build\n/);
    expect(existsSync(path.join(cwd, 'my-server/package.json'))).toBe(true);
  });

  test('the same as data', async ({ expect }) => {
    const cwd = temporaryFolder();
    const env = fakeManager(cwd, { install: { fail: 'oh' } });
    const { code, stdout } = await runCli([...ARGS, '--json'], { cwd, env });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      code: 1,
      project: { name: 'my-server' },
    });
    expect(statuses(stdout)).toEqual({
      write: 'ok',
      install: 'failed',
      build: 'skipped',
      smoke: 'skipped',
      git: 'skipped',
    });
  });

  test('a lock file that cannot be installed is a warning, not a failure', async ({ expect }) => {
    const cwd = temporaryFolder();
    const env = fakeManager(cwd, { verify: { fail: 'Missing: x from lock file' } });
    const { stdout } = await runCli([...ARGS, '--no-smoke', '--json'], { cwd, env });
    const { code, warnings } = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(statuses(stdout)).toMatchObject({ install: 'ok', build: 'ok' });
    expect(warnings).toEqual([
      expect.stringMatching(
        /^package-lock\.json cannot be installed with "npm ci".*Missing: x from lock file 1.*then run npm install\.$/s,
      ),
    ]);
  });

  test('what a registry out of reach leaves unknown is no warning', async ({ expect }) => {
    const cwd = temporaryFolder();
    const env = fakeManager(cwd, { verify: { fail: 'npm error code ENOTFOUND' } });
    const { stdout } = await runCli([...ARGS, '--no-smoke', '--json'], { cwd, env });
    expect(JSON.parse(stdout)).toMatchObject({ code: 0, warnings: [] });
  });

  test('build', async ({ expect }) => {
    const cwd = temporaryFolder();
    const env = fakeManager(cwd, { build: { fail: 'TS2322' } });
    const { code, stderr, stdout } = await runCli(ARGS, { cwd, env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/npm run build failed \(exit code 7\):\n {2}TS2322 1/);
    expect(stdout).toMatch(/Next\n {2}cd my-server\n {2}npm run build\n/);
  });

  test('smoke: nothing was built', async ({ expect }) => {
    const cwd = temporaryFolder();
    const env = fakeManager(cwd, {});
    const { code, stdout } = await runCli([...ARGS, '--json'], { cwd, env });
    expect(code).toBe(1);
    expect(statuses(stdout)).toMatchObject({ install: 'ok', build: 'ok', smoke: 'failed' });
  });

  test('offline', async ({ expect }) => {
    const cwd = temporaryFolder();
    const env = { npm_config_registry: 'http://127.0.0.1:9/', npm_config_fetch_retries: '0' };
    const cache = { npm_config_cache: path.join(temporaryFolder(), 'cache') };
    const { code, stderr } = await runCli(ARGS, { cwd, env: { ...env, ...cache } });
    expect(code).toBe(1);
    expect(stderr).toContain('npm install could not reach the registry');
    expect(stderr).toContain('Check the network');
  });

  test('no package manager', async ({ expect }) => {
    const cwd = temporaryFolder();
    const env = { PATH: pathWith(path.join(cwd, 'bin'), ['node']) };
    const { code, stderr } = await runCli(['my-server', '--yes', '--package-manager', 'pnpm'], {
      cwd,
      env,
    });
    expect(code).toBe(1);
    expect(stderr).toContain('pnpm is not installed.');
    expect(stderr).toContain('Install it: npm install --global pnpm. Or choose another');
    expect(existsSync(path.join(cwd, 'my-server/package.json'))).toBe(true);
  });
});

describe.concurrent('git', () => {
  const IDENTITY = {
    GIT_AUTHOR_NAME: 'A',
    GIT_AUTHOR_EMAIL: 'a@example.com',
    GIT_COMMITTER_NAME: 'A',
    GIT_COMMITTER_EMAIL: 'a@example.com',
  };
  const NO_CONFIG = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  const gitArgs = ['my-server', '--yes', '--no-install', '--json'];
  const gitStep = (stdout: string) =>
    JSON.parse(stdout).steps.find((step: { name: string }) => step.name === 'git');

  test('a repository with everything but secrets in its first commit', async ({ expect }) => {
    const cwd = temporaryFolder();
    const env = { ...NO_CONFIG, ...IDENTITY };
    const { code, stdout } = await runCli(gitArgs, { cwd, env });
    expect(code).toBe(0);
    expect(gitStep(stdout)).toMatchObject({ status: 'ok' });
    const git = (...args: string[]) =>
      spawnSync('git', args, { cwd: path.join(cwd, 'my-server'), encoding: 'utf8' }).stdout;
    expect(git('status', '--porcelain')).toBe('');
    const committed = git('ls-files').trim().split('\n');
    expect(committed).toContain('package.json');
    expect(committed).not.toContain('.env');
    expect(committed.toSorted()).toEqual(JSON.parse(stdout).files.toSorted());
  });

  test('no git: a note', async ({ expect }) => {
    const cwd = temporaryFolder();
    const env = { PATH: pathWith(path.join(cwd, 'bin'), ['node']) };
    const { code, stdout } = await runCli(gitArgs, { cwd, env });
    expect(code).toBe(0);
    expect(gitStep(stdout)).toMatchObject({ status: 'skipped', detail: 'git is not installed' });
  });

  test('no identity: a repository, no commit, a note', async ({ expect }) => {
    const cwd = temporaryFolder();
    const { code, stdout } = await runCli(gitArgs, {
      cwd,
      env: { ...NO_CONFIG, HOME: cwd, EMAIL: undefined },
    });
    expect(code).toBe(0);
    expect(gitStep(stdout).detail).toContain('git has no user.name');
    expect(existsSync(path.join(cwd, 'my-server/.git'))).toBe(true);
  });

  test('inside a repository: left alone, also when GIT_DIR points elsewhere', async ({
    expect,
  }) => {
    const cwd = temporaryFolder();
    spawnSync('git', ['init', '--quiet'], { cwd });
    const env = {
      ...NO_CONFIG,
      ...IDENTITY,
      GIT_DIR: path.join(temporaryFolder(), 'elsewhere.git'),
    };
    const { code, stdout } = await runCli(gitArgs, { cwd, env });
    expect(code).toBe(0);
    expect(gitStep(stdout).detail).toContain('already inside the repository');
    expect(existsSync(path.join(cwd, 'my-server/.git'))).toBe(false);
  });

  test('hooks and signing of the user do not get in the way', async ({ expect }) => {
    const cwd = temporaryFolder();
    mkdirSync(path.join(cwd, 'hooks'));
    writeFileSync(path.join(cwd, 'hooks/pre-commit'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    writeFileSync(
      path.join(cwd, 'config'),
      `[core]\nhooksPath = ${path.join(cwd, 'hooks')}\n[commit]\ngpgSign = true\n[gpg]\nprogram = false\n`,
    );
    const env = {
      ...IDENTITY,
      GIT_CONFIG_GLOBAL: path.join(cwd, 'config'),
      GIT_CONFIG_SYSTEM: '/dev/null',
    };
    const { stdout } = await runCli(gitArgs, { cwd, env });
    expect(gitStep(stdout)).toMatchObject({ status: 'ok' });
  });
});

describe.concurrent('children', () => {
  test('get a clean environment: no trace of the npm that ran us, but its registry', async ({
    expect,
  }) => {
    const cwd = temporaryFolder();
    const env = {
      ...fakeManager(cwd, { install: { fail: 'enough' } }),
      npm_config_user_agent: 'npm/11.0.0 node/v22 linux x64',
      npm_config_package: 'create-mcp-server',
      npm_config_global: 'true',
      npm_config_registry: 'https://registry.example',
      npm_lifecycle_event: 'npx',
      npm_package_json: '/elsewhere/package.json',
      INIT_CWD: '/elsewhere',
      NODE_ENV: 'production',
      SOMETHING_ELSE: 'kept',
    };
    await runCli(ARGS, { cwd, env });
    const seen = seenEnv(cwd);
    expect(seen).toMatchObject({
      npm_config_registry: 'https://registry.example',
      SOMETHING_ELSE: 'kept',
    });
    for (const name of ['user_agent', 'package', 'global']) {
      expect(seen).not.toHaveProperty(`npm_config_${name}`);
    }
    for (const name of ['npm_lifecycle_event', 'npm_package_json', 'INIT_CWD', 'NODE_ENV']) {
      expect(seen).not.toHaveProperty(name);
    }
  });

  test('--verbose shows their output; without it only the tail of a failure', async ({
    expect,
  }) => {
    const cwd = temporaryFolder();
    const env = fakeManager(cwd, { install: { fail: 'chatter', lines: 40 } });
    expect((await runCli([...ARGS, '--verbose'], { cwd, env })).stdout).toContain('chatter 1\n');
    expect((await runCli(['other', ...ARGS.slice(1)], { cwd, env })).stdout).not.toContain(
      'chatter',
    );
  });
});

describe.concurrent('the local .env', () => {
  test('has fresh secrets, is only for its owner, and is never shown', async ({ expect }) => {
    const cwd = temporaryFolder();
    const secretOf = async (name: string) => {
      const { stdout, stderr } = await runCli(
        [name, '--yes', '--no-install', '--no-git', '--json', '--verbose'],
        { cwd },
      );
      const file = path.join(cwd, name, '.env');
      const secret = /:([\w-]{43})$/m.exec(readFileSync(file, 'utf8'))?.[1];
      expect(secret).toBeDefined();
      expect(stdout + stderr).not.toContain(secret);
      expect(JSON.parse(stdout).files).not.toContain('.env');
      expect(statSync(file).mode & 0o777).toBe(0o600);
      return secret;
    };
    expect(await secretOf('one')).not.toBe(await secretOf('two'));
  });
});
