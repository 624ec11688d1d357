import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { testEnv } from '../support/app.js';
import { FIXTURE } from '../support/fixture.js';

/** The built fixture. */
const script = join(FIXTURE, 'dist/http.js');

interface Running {
  readonly server: ChildProcess;
  readonly log: () => string;
  readonly exitCode: Promise<number | null>;
}

/** Starts the server on a free port, and this code before it. */
async function start(before = '', env: Record<string, string> = {}): Promise<Running> {
  const args = ['--import', `data:text/javascript,${encodeURIComponent(before)}`, script];
  const server = spawn(process.execPath, args, {
    env: { ...process.env, ...(await testEnv({ PORT: '0', LOG_LEVEL: 'info', ...env })) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void server.kill('SIGKILL'));
  let log = '';
  server.stderr?.on('data', (chunk) => {
    log += chunk;
  });
  const exitCode = once(server, 'exit').then(([code]) => code as number | null);
  return { server, log: () => log, exitCode };
}

/** @returns the port. */
async function listening({ log }: Running): Promise<string> {
  await expect.poll(log, { timeout: 10_000 }).toContain('MCP at /mcp');
  return /"port":(\d+)/.exec(log())?.[1] ?? '';
}

// Windows has no signals.
describe.skipIf(process.platform === 'win32')('it ends', () => {
  test('at SIGTERM with exit code 0, also when nobody reads its log', async () => {
    const running = await start('setInterval(() => process.stderr.write("line\\n"), 10)');
    await listening(running);
    running.server.stderr?.destroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    running.server.kill('SIGTERM');
    expect(await running.exitCode).toBe(0);
  });

  test.each([
    ['an exception', 'SIGUSR2', 'throw new Error("stray")'],
    ['a rejection', 'SIGUSR2', 'Promise.reject(new Error("stray"))'],
    ['an exception on the way to its end', 'SIGTERM', 'throw new Error("stray")'],
  ] as const)('after %s that nobody caught, with exit code 1', async (_, signal, source) => {
    const running = await start(
      `process.once('${signal}', () => process.nextTick(() => { ${source} }))`,
    );
    await listening(running);
    running.server.kill(signal);
    expect(await running.exitCode).toBe(1);
    expect(running.log()).toContain('"message":"stray"');
  });
});

test('a port that is taken is named without a stack', async () => {
  const PORT = await listening(await start());
  const second = await start('', { PORT });
  expect(await second.exitCode).toBe(1);
  expect(second.log()).toContain('address already in use');
  expect(second.log()).not.toContain('stack');
});
