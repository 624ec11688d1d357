import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject, onTestFinished, test } from 'vitest';
import { cleanEnv, startCli, temporaryFolder } from '../support/cli.js';
import { TestTerminal } from '../support/terminal.js';
import { type Behaviour, fakeManager, hangingPids, isAlive } from './fakes.js';

const STAGES: Record<string, { install?: Behaviour; build?: Behaviour }> = {
  install: { install: 'hang' },
  build: { build: 'hang' },
  smoke: { build: 'build-hanging-server' },
};
const ARGS = ['my-server', '--yes', '--no-git', '--package-manager', 'npm'];

for (const [stage, behaviour] of Object.entries(STAGES)) {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    test(`${signal} during ${stage}: children dead within 3 s, exit ${code}, the project stays`, async ({
      expect,
    }) => {
      const cwd = temporaryFolder();
      const env = fakeManager(cwd, behaviour);
      const { child, result } = startCli([...ARGS, '--json'], { cwd, env });
      const pids = await hangingPids(cwd);
      cleanUp(pids);

      const before = performance.now();
      child.kill(signal);
      const { code: exitCode, stdout, stderr } = await result;

      expect(exitCode).toBe(code);
      expect(performance.now() - before).toBeLessThan(3000);
      expect(pids.filter(isAlive)).toEqual([]);
      const report = JSON.parse(stdout);
      expect(report).toMatchObject({ ok: false, code, project: { name: 'my-server' } });
      expect(report.steps).toContainEqual(
        expect.objectContaining({ name: stage, status: 'failed', detail: 'interrupted' }),
      );
      expect(stderr).not.toMatch(/Error:|at .*\.js:/);
      expect(existsSync(path.join(cwd, 'my-server/package.json'))).toBe(true);
      expect(readdirSync(cwd).sort()).toEqual(['fake-bin', 'fake-env.json', 'my-server', 'pids']);
    });
  }
}

test('a second Ctrl-C ends it at once, with its one document', async ({ expect }) => {
  const cwd = temporaryFolder();
  const env = fakeManager(cwd, { install: 'hang' });
  const { child, result } = startCli([...ARGS, '--json'], { cwd, env });
  const pids = await hangingPids(cwd);
  cleanUp(pids);
  child.kill('SIGINT');
  await sleep(200);
  const before = performance.now();
  child.kill('SIGINT');
  const { code, stdout } = await result;
  expect(performance.now() - before).toBeLessThan(1000);
  expect(code).toBe(130);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    code: 130,
    problems: [{ message: 'Cancelled.' }],
  });
  expect(pids.filter(isAlive)).toEqual([]);
});

test('Ctrl-C in a terminal during install: keyboard and cursor are back', async ({ expect }) => {
  const cwd = temporaryFolder();
  const env = fakeManager(cwd, { install: 'hang' }, ['sh', 'stty', 'grep', 'script']);
  const terminal = new TestTerminal([process.execPath, inject('packed').create, ...ARGS], {
    cwd,
    env: { ...cleanEnv(), ...env, PATH: `${env['PATH']}:/usr/bin:/bin` },
  });
  const pids = await hangingPids(cwd);
  cleanUp(pids);
  await terminal.waitFor('hanging');

  await terminal.send('\u0003');

  await expect(terminal.exit(3000)).resolves.toEqual({ code: 130, restored: true });
  expect(pids.filter(isAlive)).toEqual([]);
  expect(terminal.screen()).toContain('Cancelled.');
  await terminal.close();
});

test('a signal at any moment of a short run leaves a whole project or nothing', async ({
  expect,
}) => {
  const whole = await filesOfWholeRun();
  for (const delay of [0, 20, 40, 60, 80, 100, 120, 150]) {
    const cwd = temporaryFolder();
    const { child, result } = startCli(['a/b/my-server', '--yes', '--no-install', '--no-git'], {
      cwd,
    });
    await sleep(delay);
    child.kill('SIGINT');
    await result;
    const made = existsSync(path.join(cwd, 'a')) ? readdirSync(path.join(cwd, 'a/b')) : null;
    if (made !== null) {
      expect(made).toEqual(['my-server']);
      expect(readdirSync(path.join(cwd, 'a/b/my-server')).sort()).toEqual(whole);
    }
  }
});

async function filesOfWholeRun(): Promise<string[]> {
  const cwd = temporaryFolder();
  await startCli(['my-server', '--yes', '--no-install', '--no-git'], { cwd }).result;
  return readdirSync(path.join(cwd, 'my-server')).sort();
}

function cleanUp(pids: readonly number[]): void {
  onTestFinished(() => {
    for (const pid of pids.filter(isAlive)) process.kill(pid, 'SIGKILL');
  });
}
