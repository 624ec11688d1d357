/** SIGTERM while clients are at work: whatever was accepted is answered. */
import { once } from 'node:events';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { faultsProject, startUnlimited } from '../support/faults-project.js';
import { eras, modern } from '../support/hostile-project.js';
import { answerTo, ask, begin, type HttpAnswer, outcomeOf } from '../support/http-client.js';
import { begin as beginSession, send } from '../support/old-client.js';
import { type RunningHttp, stop } from '../support/server.js';
import { messagesIn, call as sessionCall } from '../support/session-probes.js';

type Era = typeof modern;

let project: string;
beforeAll(async () => {
  project = await faultsProject();
});

async function serve(env: Readonly<Record<string, string>> = {}): Promise<RunningHttp> {
  const server = await startUnlimited(project, env);
  onTestFinished(async () => void (await stop(server)));
  return server;
}

const call = (era: Era, name: string, args: object, id: unknown = 1) =>
  era('tools/call', { name, arguments: args }, id);

const LISTEN = modern('subscriptions/listen', { notifications: { resourcesListChanged: true } });

const withProgress = (era: Era, name = 'steps', args: object = { count: 4, ms: 200 }) => {
  const message = call(era, name, args);
  const { params } = message.body as { params: { _meta?: object } };
  params._meta = { ...params._meta, progressToken: 'token' };
  return message;
};

/** Which calls of a client were answered and which were not. */
interface Calls {
  readonly answered: string[];
  readonly lost: string[];
}

/** Calls one after the other, until the server says that it goes away or `gone` says so. */
async function keepCalling(
  port: number,
  era: Era,
  client: string,
  agent: Agent | false,
  gone = () => false,
): Promise<Calls> {
  const calls: Calls = { answered: [], lost: [] };
  for (let number = 0; !gone(); number += 1) {
    const value = `${client}-${number}`;
    try {
      const answer = await ask(port, call(era, 'echo', { value, ms: number % 3 }), agent);
      const result = answer.messages.at(-1)?.result?.structuredContent;
      expect(result, JSON.stringify(answer)).toEqual({ value });
      calls.answered.push(value);
      if (agent && answer.headers.connection === 'close') break;
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      calls.lost.push(`${value}: ${code ?? message}`);
      if (calls.lost.length > 3) break;
    }
  }
  return calls;
}

/** Whether every call that was sent or begun has its answer. */
function expectNoneLost(server: RunningHttp, calls: readonly Calls[]): void {
  expect(calls.flatMap(({ lost }) => lost)).toEqual([]);
  const answered = new Set(calls.flatMap((one) => one.answered));
  const begun = [...server.stderr().matchAll(/"value":"([^"]+)"/g)].map(([, value = '']) => value);
  expect(begun.filter((value) => !answered.has(value))).toEqual([]);
  expect(answered.size).toBeGreaterThan(calls.length);
}

// What happens depends on the moment, so it happens several times.
test.each([1, 2, 3])('clients that keep their connections lose no call (round %i)', async () => {
  const server = await serve();
  const agents: Agent[] = [];
  const clients = eras.flatMap(([version, era]) =>
    Array.from({ length: 12 }, (_, number) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      agents.push(agent);
      return keepCalling(server.port, era, `${version}/${number}`, agent);
    }),
  );
  onTestFinished(() => {
    for (const agent of agents) agent.destroy();
  });
  // Connections that wait to be accepted are lost with the port: each client has one that it uses again.
  const usedAgain = () => server.stderr().match(/"value":"[^"]+-1"/g)?.length;
  await expect.poll(usedAgain, { timeout: 10_000 }).toBe(clients.length);
  server.child.kill('SIGTERM');
  expectNoneLost(server, await Promise.all(clients));
  expect(await server.ended).toBe(0);
});

test.each([1, 2])('nor do clients of a balancer that looks at /readyz (round %i)', async () => {
  const server = await serve();
  let ready = true;
  const balancer = (async () => {
    while (ready) {
      const answer = await fetch(`http://127.0.0.1:${server.port}/readyz`);
      expect(await answer.json()).toMatchObject({ status: answer.ok ? 'ready' : 'draining' });
      ready = answer.ok;
      await sleep(50);
    }
  })();
  const clients = eras.flatMap(([version, era]) =>
    Array.from({ length: 6 }, (_, number) =>
      keepCalling(server.port, era, `${version}/${number}`, false, () => !ready),
    ),
  );
  await sleep(400);
  server.child.kill('SIGTERM');
  await balancer;
  expectNoneLost(server, await Promise.all(clients));
  expect(await server.ended).toBe(0);
});

test('streams, slow bodies and calls under way come to their end', async () => {
  const server = await serve();
  const progress = eras.map(([, era]) => ask(server.port, withProgress(era)));
  const calls = eras.map(([, era]) =>
    ask(server.port, call(era, 'echo', { value: 'late', ms: 800 })),
  );
  const listening = begin(server.port, LISTEN);
  const subscription = answerTo(listening);
  listening.end(JSON.stringify(LISTEN.body));
  await once(listening, 'response');

  const halves = eras.map(([, era]) => {
    const message = call(era, 'echo', { value: 'in two halves' });
    const text = JSON.stringify(message.body);
    const sent = begin(server.port, message);
    const answer = answerTo(sent);
    sent.write(text.slice(0, 40));
    return { answer, finish: () => sent.end(text.slice(40)) };
  });
  // Everything has arrived.
  await expect.poll(() => server.stderr().split('work started').length).toBe(5);
  await sleep(50);
  server.child.kill('SIGTERM');
  await sleep(400);
  for (const { finish } of halves) finish();

  for (const answer of await Promise.all([...calls, ...halves.map((half) => half.answer)])) {
    expect(outcomeOf(answer)).toBe('ok');
  }
  for (const { messages } of await Promise.all(progress)) {
    expect(messages.map(({ method }) => method ?? 'result')).toEqual([
      ...Array.from({ length: 4 }, () => 'notifications/progress'),
      'result',
    ]);
  }
  expect((await subscription).complete).toBe(true);
  expect(await server.ended).toBe(0);
});

/** Calls of a tool that never ends, in each way in which calls are answered. */
const endless = eras.flatMap(([version, era]) => [
  [`${version}, plain`, call(era, 'deaf', {})] as const,
  [`${version}, through the SDK`, withProgress(era, 'deaf', {})] as const,
]);

/** What of the end is due to every call that does not come to its own. */
async function expectAborted(
  server: RunningHttp,
  answers: readonly Promise<HttpAnswer>[],
): Promise<void> {
  for (const answer of await Promise.all(answers)) {
    expect(answer).toMatchObject({ status: 200, complete: true });
    const { result, error } = answer.messages.at(-1) ?? {};
    expect(error).toBeUndefined();
    expect(result).toMatchObject({
      isError: true,
      _meta: { error: { code: 'ABORTED', retryable: true, retryAfter: expect.any(Number) } },
    });
  }
  expect(await server.ended).toBe(1);
  const audit = server.stderr().match(/^.*"type":"audit".*$/gm) ?? [];
  const ofDeaf = audit.filter((line) => line.includes('"deaf"')).map((line) => JSON.parse(line));
  expect(ofDeaf.map(({ outcome }) => outcome)).toEqual(answers.map(() => 'ABORTED'));
  expect(server.stderr().match(/work aborted/g)).toHaveLength(answers.length);
}

describe('calls that do not end are aborted and answered, and their streams end', () => {
  test.each([
    ['at the deadline', { SHUTDOWN_TIMEOUT_MS: '700' }, false],
    ['at a second signal', {}, true],
    ['at a second signal, while it goes on listening', { SHUTDOWN_DELAY_MS: '60000' }, true],
  ])('%s', async (_, env, isSignalled) => {
    const server = await serve(env);
    const listening = begin(server.port, LISTEN);
    const subscription = answerTo(listening);
    listening.end(JSON.stringify(LISTEN.body));
    await once(listening, 'response');
    const answers = endless.map(([, message]) => ask(server.port, message));
    await expect.poll(() => server.stderr().split('work started').length).toBe(5);
    server.child.kill('SIGTERM');
    if (isSignalled) {
      await expect.poll(server.stderr).toContain('SIGTERM: stopping');
      server.child.kill('SIGTERM');
    }
    await expectAborted(server, answers);
    expect((await subscription).complete).toBe(true);
  });
});

test('a call that arrives when calls are being aborted is answered in the same way', async () => {
  const server = await serve();
  const message = call(modern, 'echo', { value: 'late' });
  const text = JSON.stringify(message.body);
  const sent = begin(server.port, message);
  const answer = answerTo(sent);
  sent.write(text.slice(0, 40));
  await sleep(200);
  server.child.kill('SIGTERM');
  await expect.poll(server.stderr).toContain('SIGTERM: stopping');
  server.child.kill('SIGTERM');
  await sleep(100);
  sent.end(text.slice(40));
  expect(outcomeOf(await answer)).toBe('ABORTED');
  expect(await server.ended).toBe(1);
  const audit = server.stderr().match(/^.*"type":"audit".*$/gm) ?? [];
  expect(audit.map((line) => JSON.parse(line).outcome)).toEqual(['ABORTED']);
});

describe('in sessions', () => {
  let withSessions: string;
  beforeAll(async () => {
    withSessions = await faultsProject({ transport: ['http', 'sessions'] });
  });

  async function begun(env: Readonly<Record<string, string>> = {}) {
    const server = await startUnlimited(withSessions, env);
    onTestFinished(async () => void (await stop(server)));
    const session = await beginSession(server.url);
    const post = (name: string, id: number) =>
      send(server.url, { session, body: sessionCall(name, {}, id) });
    const answer = async (response: Promise<Response>) =>
      messagesIn(await (await response).text()).at(-1);
    return { server, session, post, answer };
  }

  test('calls that run or wait for a person are answered', async () => {
    const { server, post, answer } = await begun();
    const deaf = answer(post('deaf', 11));
    const asking = answer(post('asking', 12));
    await expect.poll(() => server.stderr().split('work started').length).toBe(3);
    await expect.poll(server.stderr).toContain('"outcome":"input_required"');
    server.child.kill('SIGTERM');
    await expect.poll(server.stderr).toContain('SIGTERM: stopping');
    server.child.kill('SIGTERM');
    expect(await deaf).toMatchObject({
      id: 11,
      result: { isError: true, _meta: { error: { code: 'ABORTED', retryable: true } } },
    });
    expect(await asking).toMatchObject({
      id: 12,
      error: { code: -32_603, data: { code: 'ABORTED', retryable: true } },
    });
    expect(await server.ended).toBe(1);
    expect(server.stderr()).toMatch(/"name":"deaf".*"outcome":"ABORTED"/);
  });

  test('a call whose client has lost its stream comes to its end', async () => {
    const { server, session } = await begun();
    const leaving = new AbortController();
    const body = sessionCall('echo', { value: 'left alone', ms: 1_500 }, 13);
    const left = send(server.url, { session, body, signal: leaving.signal });
    await expect.poll(server.stderr).toContain('work started');
    await (await left).body?.getReader().read();
    leaving.abort();
    await sleep(100);
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    expect(server.stderr()).toMatch(/"name":"echo".*"outcome":"ok"/);
  });
});

test('a body that never comes does not outlive the deadline', async () => {
  const server = await serve({ SHUTDOWN_TIMEOUT_MS: '1500' });
  const sent = begin(server.port, call(modern, 'echo', { value: 'never' }));
  const answer = answerTo(sent).catch(() => undefined);
  sent.write('{');
  await sleep(200);
  server.child.kill('SIGTERM');
  expect(await server.ended).toBe(1);
  await answer;
});
