import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { childEnv } from '../../src/process/child-env.js';
import { type RunOptions, run } from '../../src/process/run.js';

const never = new AbortController().signal;
const options: RunOptions = { cwd: process.cwd(), env: process.env, signal: never };
const node = (script: string): string[] => [process.execPath, '-e', script];

describe('run', () => {
  it('gives the exit code, stdout, and the last lines of both streams', async () => {
    const lines: string[] = [];
    const script = `for (let i = 1; i <= 25; i++) console.log(i); process.stdout.write('no end')`;
    const result = await run(node(script), { ...options, onLine: (line) => lines.push(line) });
    expect(result).toMatchObject({ outcome: 'ok', exitCode: 0 });
    expect(result.tail).toHaveLength(20);
    expect(result.tail.at(-1)).toBe('no end');
    expect(lines).toHaveLength(26);
    const failed = await run(node(`console.error('why'); process.exit(3)`), options);
    expect(failed).toEqual({ outcome: 'failed', exitCode: 3, stdout: '', tail: ['why'] });
  });

  it('says when there is no such program', async () => {
    const result = await run(['surely-not-installed'], options);
    expect(result).toMatchObject({ outcome: 'missing', exitCode: null });
  });

  it('ends a program that takes too long', async () => {
    const result = await run(node('setInterval(() => {}, 1000)'), { ...options, timeoutMs: 200 });
    expect(result.outcome).toBe('timeout');
  });

  it('does not wait for a daemon that keeps the pipe open', async () => {
    const daemon = `const c = require('child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 8000)'],
      { stdio: 'inherit', detached: true }); c.unref(); console.log(c.pid);`;
    const started = performance.now();
    const result = await run(node(daemon), options);
    process.kill(Number(result.stdout), 'SIGKILL');
    expect(result).toMatchObject({ outcome: 'ok', exitCode: 0 });
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('rejects with the reason when interrupted, before and during', async () => {
    const reason = new Error('interrupted');
    await expect(run(node(''), { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    const controller = new AbortController();
    const running = run(node('setInterval(() => {}, 1000)'), {
      ...options,
      signal: controller.signal,
    });
    await sleep(200);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
  });

  it('does not lose a signal that comes while it begins', async () => {
    const reason = new Error('interrupted');
    const controller = new AbortController();
    const running = run(node('setTimeout(() => {}, 4000)'), {
      ...options,
      signal: controller.signal,
    });
    const started = performance.now();
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(performance.now() - started).toBeLessThan(3000);
  });

  it('is done before our patience ends, also with a child that ignores SIGTERM and a pipe that stays open', async () => {
    // The daemon's parent is gone, so that it does not belong to the tree.
    const daemon = `const c = require('child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 8000)'],
      { stdio: 'inherit', detached: true }); console.log(c.pid); c.unref();`;
    const stubborn = `process.on('SIGTERM', () => {});
      require('child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(daemon)}], { stdio: 'inherit' });
      console.log('ready'); setInterval(() => {}, 1000);`;
    const controller = new AbortController();
    const lines: string[] = [];
    const onLine = (line: string) => void lines.push(line);
    const running = run(node(stubborn), { ...options, signal: controller.signal, onLine });
    await vi.waitUntil(() => lines.includes('ready'), 5000);
    onTestFinished(() => void process.kill(Number(lines[0]), 'SIGKILL'));
    const started = performance.now();
    controller.abort(new Error('interrupted'));
    await expect(running).rejects.toThrow('interrupted');
    expect(performance.now() - started).toBeLessThan(2300);
  });

  it('gives only the environment that it was given', async () => {
    const env = { PATH: process.env['PATH'], ONLY: 'this' };
    const { stdout } = await run(node('console.log(Object.keys(process.env).sort().join())'), {
      ...options,
      env,
    });
    expect(stdout).toBe('ONLY,PATH');
  });
});

describe('childEnv', () => {
  it.each([
    ['PATH', true],
    ['HTTPS_PROXY', true],
    ['npm_config_registry', true],
    ['npm_config_cache', true],
    ['NPM_CONFIG_USERCONFIG', true],
    ['npm_config_//registry.example/:_authToken', true],
    ['npm_config_user_agent', false],
    ['npm_config_package', false],
    ['npm_config_omit', false],
    ['npm_config_save_dev', false],
    ['npm_lifecycle_script', false],
    ['npm_package_json', false],
    ['npm_execpath', false],
    ['INIT_CWD', false],
    ['NODE_ENV', false],
    ['GIT_DIR', false],
    ['GIT_AUTHOR_EMAIL', true],
  ])('%s: %s', (name, kept) => {
    expect(name in childEnv({ [name]: 'x' })).toBe(kept);
  });
});
