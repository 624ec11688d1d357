/** Too many connections, too few file descriptors, clients that are slow and clients that go away. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  FEW_DESCRIPTORS,
  faultsProject,
  NO_LIMITS,
  startUnlimited,
  whyNotFewDescriptors,
} from '../support/faults-project.js';
import { eras, modern } from '../support/hostile-project.js';
import { answerTo, ask, begin, flood, outcomeOf } from '../support/http-client.js';
import { leftOut } from '../support/left-out.js';
import { freePort, type RunningHttp, startHttp, stop } from '../support/server.js';

let project: string;
beforeAll(async () => {
  project = await faultsProject();
});

async function serve(env: Readonly<Record<string, string>> = {}): Promise<RunningHttp> {
  const server = await startUnlimited(project, env);
  onTestFinished(async () => void (await stop(server)));
  return server;
}

const echo = (era = modern, ms = 0) =>
  era('tools/call', { name: 'echo', arguments: { value: 'x', ms } });

const outcome = async (port: number) => outcomeOf(await ask(port, echo()));

/** Open connections that have sent `text`; they go away with the test. */
async function connections(port: number, count: number, text = ''): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    return socket;
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  for (const socket of sockets) socket.write(text);
  return sockets;
}

test('1,000 connections at once, half of them with a call under way, are all served', async () => {
  const server = await serve();
  const agent = new Agent({ keepAlive: true, maxSockets: 500, maxFreeSockets: 500 });
  onTestFinished(() => agent.destroy());
  await connections(server.port, 500);
  const calls = Array.from({ length: 500 }, (_, number) =>
    ask(server.port, echo(eras[number % 2 === 0 ? 0 : 1][1], 1_000), agent),
  );
  const answers = await Promise.all(calls);
  expect(answers.filter((answer) => outcomeOf(answer) !== 'ok')).toEqual([]);
  // The same connections again.
  const again = await Promise.all(calls.map(() => ask(server.port, echo(), agent)));
  expect(again.filter((answer) => outcomeOf(answer) !== 'ok')).toEqual([]);
  expect(await outcome(server.port)).toBe('ok');
});

describe('300 slow clients do not stop others', () => {
  const head = 'POST /mcp HTTP/1.1\r\nhost: localhost\r\n';
  test.each([
    ['headers', head, 'x'],
    ['bodies', `${head}content-type: application/json\r\ncontent-length: 1000\r\n\r\n`, ' '],
  ])('slow %s', async (_, start, more) => {
    const server = await serve();
    const slow = await connections(server.port, 300, start);
    const dripping = setInterval(() => {
      for (const socket of slow) socket.write(more);
    }, 100);
    onTestFinished(() => clearInterval(dripping));
    for (let count = 0; count < 30; count += 1) expect(await outcome(server.port)).toBe('ok');
    expect(
      slow.some((socket) => socket.destroyed),
      'they are still there',
    ).toBe(false);
  });
});

test('with all file descriptors taken it lives on, and serves again when some are free', async ({
  skip,
}) => {
  const server = await serve();
  try {
    // Only now: to load its modules a process may need more of them.
    execFileSync('prlimit', ['--pid', String(server.child.pid), '--nofile=64:64']);
  } catch (error) {
    leftOut('file descriptors taken', (error as Error).message);
    return skip('no prlimit');
  }
  const sockets = await connections(server.port, 200);
  await expect.poll(() => isHealthy(server.port), { timeout: 10_000 }).toBe(false);
  expect(server.child.exitCode).toBeNull();
  for (const socket of sockets) socket.destroy();
  await expect.poll(() => isHealthy(server.port), { timeout: 10_000 }).toBe(true);
  expect(await outcome(server.port)).toBe('ok');
  expect(server.stderr()).not.toMatch(/uncaughtException|unhandledRejection/);
  expect(await stop(server)).toBe(0);
});

test.for(['PORT', 'METRICS_PORT'] as const)(
  'a flood of %s right after the start leaves descriptors for what is loaded and opened later',
  async (name, { skip }) => {
    const reason = whyNotFewDescriptors();
    if (reason !== undefined) return skip(reason);
    const ports = { PORT: String(await freePort()), METRICS_PORT: String(await freePort()) };
    const server = await startHttp(project, { ...NO_LIMITS, ...ports }, project, FEW_DESCRIPTORS);
    onTestFinished(async () => void (await stop(server)));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    expect(outcomeOf(await ask(server.port, echo(), agent))).toBe('ok');
    const end = await flood(Number(ports[name]), 500);

    // The first list is made by the MCP SDK, which nobody has needed so far.
    expect(outcomeOf(await ask(server.port, modern('tools/list'), agent))).toBe('ok');
    // A second after the start the rest is loaded.
    await sleep(1_500);
    expect(server.child.exitCode).toBeNull();
    expect(outcomeOf(await ask(server.port, echo(), agent))).toBe('ok');
    if (name === 'PORT') expect(server.stderr()).toContain('connection closed');

    end();
    await expect.poll(() => isHealthy(server.port), { timeout: 10_000 }).toBe(true);
    expect(await stop(server)).toBe(0);
  },
);

/** Asks on a connection of its own. */
function isHealthy(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, path: '/healthz', agent: false, timeout: 1_000 };
    const sent = get(options, (response) => resolve(response.resume().statusCode === 200));
    sent.once('timeout', () => sent.destroy()).once('error', () => resolve(false));
  });
}

describe.each(eras)('a client of %s that goes away', (_, era) => {
  const deaf = era('tools/call', { name: 'deaf', arguments: {} });

  test('has its call aborted; one that ignores it keeps its place, and the next caller is told', async () => {
    const server = await serve({ MAX_CONCURRENT_CALLS: '3', SHUTDOWN_TIMEOUT_MS: '3000' });
    for (const times of [1, 2, 3]) {
      expect(await outcome(server.port)).toBe('ok');
      const sent = begin(server.port, deaf);
      // A client of 2025 has the beginning of its answer already.
      const isAnswered = answerTo(sent).then(
        ({ complete }) => complete,
        () => false,
      );
      sent.end(JSON.stringify(deaf.body));
      await expect.poll(() => count(server, 'work started')).toBe(2 * times);
      sent.destroy();
      expect(await isAnswered).toBe(false);
      await expect.poll(() => count(server, 'work aborted'), { timeout: 1_000 }).toBe(times);
      await expect.poll(() => count(server, 'CANCELLED'), { timeout: 1_000 }).toBe(times);
    }
    const { messages } = await ask(server.port, echo());
    expect(JSON.stringify(messages)).toMatch(/TOO_MANY_CALLS/);
    expect(JSON.stringify(messages)).toMatch(/3 of them timed out or were cancelled and still run/);
    await expect
      .poll(() => server.stderr(), { timeout: 5_000 })
      .toMatch(/"calls":\d.*ignore their signal/);
    // The end has nothing to wait for.
    expect(await stop(server)).toBe(0);
  });
});

test('a stream that its client leaves is over', async () => {
  const server = await serve({ MAX_CONCURRENT_CALLS: '1' });
  const listen = modern('subscriptions/listen', { notifications: { resourcesListChanged: true } });
  for (let time = 0; time < 3; time += 1) {
    const sent = begin(server.port, listen);
    sent.on('error', () => {}).end(JSON.stringify(listen.body));
    const [response] = await once(sent, 'response');
    expect(response.statusCode).toBe(200);
    expect((await ask(server.port, listen)).status).toBe(429);
    response.destroy();
    await expect
      .poll(
        async () => {
          const probe = begin(server.port, listen);
          probe.on('error', () => {}).end(JSON.stringify(listen.body));
          const [{ statusCode }] = await once(probe, 'response');
          probe.destroy();
          return statusCode;
        },
        { timeout: 2_000 },
      )
      .toBe(200);
    await sleep(100);
  }
});

function count(server: RunningHttp, text: string): number {
  return server.stderr().split(text).length - 1;
}
