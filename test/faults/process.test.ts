/** Signals, errors that nobody caught, and readers or parents that go away. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { faultsProject, startUnlimited } from '../support/faults-project.js';
import { modern } from '../support/hostile-project.js';
import { ask, type HttpAnswer, outcomeOf } from '../support/http-client.js';
import { type RunningServer, startProcess, stop } from '../support/server.js';

let project: string;
beforeAll(async () => {
  project = await faultsProject();
});

const toolCall = (name: string, args = {}, id: unknown = 1) =>
  modern('tools/call', { name, arguments: args }, id);

/** The log of a server as objects. What is not a line of the log is a failure. */
function logOf(server: RunningServer): Record<string, unknown>[] {
  return server
    .stderr()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** What the audit log says of the calls of a tool, in a file or on stderr. */
function auditOf(tool: string, text: string): { outcome: string; principal: string }[] {
  return text
    .split('\n')
    .filter((line) => line.includes('"type":"audit"'))
    .map((line) => JSON.parse(line))
    .filter(({ name }) => name === tool);
}

/** A file for the audit log of one test. */
function auditFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'faults-audit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'audit.jsonl');
}

async function hasLogged(server: RunningServer, text: string): Promise<void> {
  await expect.poll(server.stderr, { timeout: 10_000 }).toContain(text);
}

/** A transport with a server, and how to call its tools. */
const transports = {
  async http(env = {}) {
    const server = await startUnlimited(project, env);
    onTestFinished(async () => void (await stop(server)));
    return {
      ...server,
      async call(name: string, args = {}) {
        const answer: HttpAnswer = await ask(server.port, toolCall(name, args));
        return outcomeOf(answer);
      },
    };
  },
  async stdio(env = {}) {
    const server = startProcess(project, 'stdio.js', env);
    onTestFinished(() => void server.child.kill('SIGKILL'));
    let next = 1;
    const outcome = (id: number) =>
      server
        .stdout()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line))
        .filter((message) => message.id === id)
        .map((message) =>
          outcomeOf({ status: 200, headers: {}, complete: true, messages: [message] }),
        )
        .at(0);
    const call = async (name: string, args = {}): Promise<string | undefined> => {
      const id = next++;
      server.child.stdin.write(`${JSON.stringify(toolCall(name, args, id).body)}\n`);
      for (;;) {
        const over = server.child.exitCode !== null || server.child.signalCode !== null;
        // What it has written last arrives after its end.
        if (over) await server.ended;
        const found = outcome(id);
        if (found !== undefined || over) return found;
        await sleep(10);
      }
    };
    await call('echo', { value: 'first' });
    return { ...server, call };
  },
};

describe.each(['http', 'stdio'] as const)('over %s', (kind) => {
  const start = transports[kind];

  test('SIGTERM waits for the call under way and ends with exit code 0', async () => {
    const server = await start();
    const call = server.call('echo', { value: 'under way', ms: 700 });
    await hasLogged(server, 'under way');
    server.child.kill('SIGTERM');
    expect(await call).toBe('ok');
    expect(await server.ended).toBe(0);
  });

  test('a second signal ends it at once, and the call under way is answered', async () => {
    const server = await start();
    const call = server.call('deaf');
    await hasLogged(server, 'work started');
    server.child.kill('SIGTERM');
    await hasLogged(server, 'SIGTERM: stopping');
    expect(server.child.exitCode).toBeNull();
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(1);
    expect(await call).toBe('ABORTED');
    expect(auditOf('deaf', server.stderr())).toMatchObject([{ outcome: 'ABORTED' }]);
    expect(server.stderr()).toContain('work aborted');
  });

  test('what does not end is ended at the deadline, and the log says so', async () => {
    const server = await start({ SHUTDOWN_TIMEOUT_MS: '700' });
    const call = server.call('deaf');
    await hasLogged(server, 'work started');
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(1);
    expect(await call).toBe('ABORTED');
    expect(logOf(server)).toContainEqual(
      expect.objectContaining({ level: 'error', msg: 'not stopped within 700 ms' }),
    );
    expect(auditOf('deaf', server.stderr())).toMatchObject([{ outcome: 'ABORTED' }]);
    expect(server.stderr()).toContain('work aborted');
  });

  test('so is what does not end after a stray exception', async () => {
    const server = await start({ SHUTDOWN_TIMEOUT_MS: '700' });
    const call = server.call('deaf');
    await hasLogged(server, 'work started');
    expect(await server.call('stray', { kind: 'exception' })).toBe('ok');
    expect(await server.ended).toBe(1);
    expect(await call).toBe('ABORTED');
    expect(auditOf('deaf', server.stderr())).toMatchObject([{ outcome: 'ABORTED' }]);
  });

  test('SIGHUP ends it in order, too', async () => {
    const server = await start();
    const call = server.call('echo', { value: 'under way', ms: 700 });
    await hasLogged(server, 'under way');
    server.child.kill('SIGHUP');
    expect(await call).toBe('ok');
    expect(await server.ended).toBe(0);
  });

  test.each(['exception', 'rejection'] as const)(
    'a stray %s is logged, the call under way is answered, the exit code is 1',
    async (stray) => {
      const server = await start();
      const call = server.call('echo', { value: 'under way', ms: 700 });
      await hasLogged(server, 'under way');
      expect(await server.call('stray', { kind: stray })).toBe('ok');
      expect(await call).toBe('ok');
      expect(await server.ended).toBe(1);
      expect(logOf(server)).toContainEqual(
        expect.objectContaining({
          level: 'fatal',
          err: expect.objectContaining({ message: `stray ${stray}` }),
        }),
      );
    },
  );

  test('a stray exception after SIGTERM shows in the exit code', async () => {
    const server = await start();
    const call = server.call('echo', { value: 'under way', ms: 700 });
    await server.call('stray', { kind: 'exception' });
    server.child.kill('SIGTERM');
    await hasLogged(server, 'stray exception');
    expect(await call).toBe('ok');
    expect(await server.ended).toBe(1);
  });

  test('a log reader that goes away changes nothing', async () => {
    const server = await start();
    server.child.stderr.destroy();
    if (kind === 'http') server.child.stdout.destroy();
    expect(await server.call('print')).toBe('ok');
    for (let count = 0; count < 20; count += 1) {
      expect(await server.call('echo', { value: 'still there' })).toBe('ok');
    }
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
  });
});

test.each([
  ['idle', undefined],
  ['with a call that never ends', 'deaf'],
])(
  'a line of 12 MB over stdio ends the server without waiting, with exit code 1: %s',
  async (_, tool) => {
    const server = await transports.stdio();
    const call = tool === undefined ? undefined : server.call(tool);
    if (tool !== undefined) await hasLogged(server, `"tool":"${tool}"`);
    server.child.stdin.write(`${'x'.repeat(12_000_000)}\n`);
    expect(await server.ended).toBe(1);
    expect(await call).toBeUndefined();
    if (tool !== undefined) {
      expect(auditOf(tool, server.stderr())).toMatchObject([{ outcome: 'ABORTED' }]);
    }
    expect(server.stderr()).toContain('A message has more than');
    expect(server.stderr()).not.toContain('not stopped within');
  },
);

test('a client that reads no answers any more ends its stdio server; the call under way has its audit line', async () => {
  const server = await transports.stdio();
  void server.call('deaf');
  await hasLogged(server, 'work started');
  server.child.stdout.destroy();
  void server.call('echo', { value: 'into a pipe that nobody reads' });
  expect(await server.ended).toBe(0);
  expect(auditOf('deaf', server.stderr())).toMatchObject([{ outcome: 'ABORTED' }]);
});

test('a client that closes the input of its stdio server and then signals, as the SDK does, has its call answered', async () => {
  const server = await transports.stdio();
  const call = server.call('deaf');
  await hasLogged(server, 'work started');
  server.child.stdin.end();
  await sleep(100);
  expect(server.child.exitCode).toBeNull();
  server.child.kill('SIGTERM');
  expect(await server.ended).toBe(1);
  expect(await call).toBe('ABORTED');
});

test('a port that is taken is named in one plain line, with exit code 1', async () => {
  const { port } = await transports.http();
  const second = startProcess(project, 'http.js', { PORT: String(port) });
  expect(await second.ended).toBe(1);
  expect(second.stderr()).toContain(`${port}`);
  expect(second.stderr().trimEnd()).not.toContain('\n');
  expect(second.stderr()).not.toMatch(/\bat |stack/);
});

test.skipIf(process.platform !== 'linux')(
  'a log reader that does not read costs lines, not memory and no call',
  async () => {
    const server = await transports.http();
    const value = 'x'.repeat(9_000);
    const many = async (count: number) => {
      for (let left = count; left > 0; left -= 20) {
        const calls = Array.from({ length: 20 }, () => server.call('echo', { value }));
        expect(new Set(await Promise.all(calls))).toEqual(new Set(['ok']));
      }
    };
    await many(500);
    server.child.stderr.pause();
    await many(700);
    const before = residentBytes(server);
    await many(5_000);
    // What is logged meanwhile are 45 MB.
    expect(residentBytes(server) - before).toBeLessThan(35_000_000);
    server.child.stderr.resume();
    await hasLogged(server, 'work started');
    expect(await server.call('echo', { value: 'still there' })).toBe('ok');
    await hasLogged(server, 'still there');
  },
);

describe('a parent that is killed takes its stdio server with it', () => {
  test.each([
    ['idle', undefined, {}],
    ['with a call under way', 'echo', { value: 'x', ms: 20_000 }],
    ['with a call that never ends', 'deaf', {}],
  ])('%s', async (_, tool, args) => {
    const AUDIT_LOG_PATH = auditFile();
    const lines = tool === undefined ? [] : [JSON.stringify(toolCall(tool, args).body)];
    const hello = JSON.stringify(toolCall('echo', { value: 'hello' }, 'hello').body);
    const source = `
      const { spawn } = require('node:child_process');
      const child = spawn(process.execPath, [${JSON.stringify(join(project, 'dist/stdio.js'))}], { stdio: ['pipe', 'pipe', 'ignore'] });
      for (const line of ${JSON.stringify([hello, ...lines])}) child.stdin.write(line + '\\n');
      child.stdout.once('data', () => console.log(child.pid));`;
    const env = { ...process.env, AUDIT_LOG_PATH };
    const parent = spawn(process.execPath, ['-e', source], { env });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [printed] = await once(parent.stdout, 'data');
    const pid = Number(printed);
    onTestFinished(() => {
      if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    });
    await sleep(200);
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    // Long before the call or the deadline would have ended it; this machine may be busy.
    await expect.poll(() => isAlive(pid), { timeout: 5_000 }).toBe(false);
    const outcomes = ['echo', 'deaf']
      .flatMap((name) => auditOf(name, readFileSync(AUDIT_LOG_PATH, 'utf8')))
      .map(({ outcome }) => outcome);
    expect(outcomes).toEqual(tool === undefined ? ['ok'] : ['ok', 'ABORTED']);
  });
});

function residentBytes({ child }: RunningServer): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
