/** Sessions of clients of 2025: what they can, whose they are, how they end, and what they must not change. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { rpc } from '../support/rpc.js';
import { builtProject, type RunningHttp, startHttp, stop } from '../support/server.js';
import {
  addProbes,
  answerOf,
  call,
  INITIALIZE,
  messagesIn,
  readUntil,
  said,
} from '../support/session-probes.js';

const KEYS = {
  alice: 'alice-7Q2xW9KcV4bTn3Rs',
  aliceReader: 'alice-reader-L8cJ5hF3s',
  bob: 'bob-mZ7pT9rK2xV5bNq8Ws',
} as const;

let server: RunningHttp;
let project: string;

beforeAll(async () => {
  const choices = { transport: ['http', 'sessions'], auth: 'api-key', starter: 'minimal' };
  project = await builtProject(choices, (files) => {
    addProbes(files);
  });
  server = await start();
});
afterAll(async () => {
  expect(await stop(server)).toBe(0);
  expect(server.stderr()).not.toMatch(/Warning|"level":(50|60)/);
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<RunningHttp> {
  return await startHttp(project, {
    MCP_API_KEYS: `alice:${KEYS.alice},alice:${KEYS.aliceReader}:notes:read,bob:${KEYS.bob}`,
    RATE_LIMIT_PER_MINUTE: '1000000',
    MAX_CONCURRENT_CALLS: '1000',
    LOG_LEVEL: 'debug',
    ...env,
  });
}

/** A server of its own for one test. */
async function startOwn(env: Readonly<Record<string, string>>): Promise<RunningHttp> {
  const own = await start(env);
  onTestFinished(async () => void (await stop(own)));
  return own;
}

interface Sent {
  readonly key?: string;
  readonly session?: string | undefined;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly to?: RunningHttp;
  readonly signal?: AbortSignal;
}

function send({ key = KEYS.alice, session, method = 'POST', headers, body, to, signal }: Sent) {
  return fetch((to ?? server).url, {
    method,
    headers: {
      accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
      'x-api-key': key,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(session !== undefined && { 'mcp-session-id': session }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal !== undefined && { signal }),
  });
}

async function begin(sent: Sent = {}): Promise<string> {
  const response = await send({ body: INITIALIZE, ...sent });
  const text = await response.text();
  const id = response.headers.get('mcp-session-id');
  if (response.status !== 200 || id === null) throw new Error(`${response.status}: ${text}`);
  return id;
}

describe('in a session', () => {
  const headers = { 'x-api-key': KEYS.alice };
  const answers = [{ name: 'Ada' }, { colour: 'blue' }];

  it('an old client is asked, in two rounds, and its model too', async () => {
    const client = new OldClient(
      { name: 'old', version: '1.0.0' },
      { capabilities: { elicitation: {}, sampling: {} } },
    );
    const left = [...answers];
    client.setRequestHandler(ElicitRequestSchema, () => ({
      action: 'accept' as const,
      content: left.shift() ?? {},
    }));
    client.setRequestHandler(CreateMessageRequestSchema, () => ({
      role: 'assistant' as const,
      model: 'test',
      content: { type: 'text' as const, text: 'Hello!' },
    }));
    const transport = new OldTransport(new URL(server.url), { requestInit: { headers } });
    await client.connect(transport as Parameters<typeof client.connect>[0]);
    onTestFinished(() => client.close());
    expect(transport.sessionId).toMatch(/^[\w-]{43}$/);
    const person = await client.callTool({ name: 'ask_person', arguments: {} });
    expect(person.structuredContent).toEqual({ said: 'Ada likes blue' });
    const model = await client.callTool({ name: 'ask_model', arguments: {} });
    expect(model.structuredContent).toEqual({ said: 'Hello!' });
  });

  it('a new client that speaks as one of 2025 is asked, too', async () => {
    const client = new ModernClient(
      { name: 'new', version: '1.0.0' },
      { capabilities: { elicitation: { form: {} } } },
    );
    const left = [...answers];
    client.setRequestHandler('elicitation/create', () => ({
      action: 'accept' as const,
      content: left.shift() ?? {},
    }));
    const transport = new StreamableHTTPClientTransport(new URL(server.url), {
      requestInit: { headers },
    });
    await client.connect(transport);
    onTestFinished(() => client.close());
    expect(transport.sessionId).toBeDefined();
    const person = await client.callTool({ name: 'ask_person', arguments: {} });
    expect(person.structuredContent).toEqual({ said: 'Ada likes blue' });
  });

  it('a cancelled call stops within a second, and its stream ends', async () => {
    const session = await begin();
    const response = await send({ session, body: call('wait', { ms: 20_000, word: 'cancel' }) });
    const text = response.text();
    await sleep(100);
    const cancel = {
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: 7, reason: 'enough' },
    };
    const started = performance.now();
    expect((await send({ session, body: cancel })).status).toBe(202);
    expect(messagesIn(await text).filter((one) => 'result' in one || 'error' in one)).toEqual([]);
    expect(performance.now() - started).toBeLessThan(5_000);
    await expect.poll(() => server.stderr()).toMatch(/"word":"cancel".*STOPPED WAITING/);
    // The id is free again.
    const again = await answerOf(await send({ session, body: call('wait', { ms: 0 }) }));
    expect(said(again)).toBe('alice');
  });

  it('a lost stream is taken up again where it was', async () => {
    const session = await begin();
    const lost = new AbortController();
    const { signal } = lost;
    const body = call('wait', { ms: 600, word: '!' });
    const text = await readUntil(await send({ session, body, signal }), /"progress":50/);
    lost.abort();
    const [, event = ''] = [...text.matchAll(/^id: (.+)$/gm)].at(-1) ?? [];
    await sleep(800);
    const rest = await send({ session, method: 'GET', headers: { 'last-event-id': event } });
    const messages = messagesIn(await rest.text());
    expect(said(messages.at(-1))).toBe('alice!');
    const steps = [...`${text}${JSON.stringify(messages)}`.matchAll(/"progress":(\d+)/g)];
    expect(steps.map(([, step]) => Number(step))).toEqual(
      Array.from({ length: 12 }, (_, n) => n * 50),
    );
  });

  it('an event of another session, or of nobody, is not found', async () => {
    const session = await begin();
    const other = await begin({ key: KEYS.bob });
    const text = await (await send({ session, body: call('wait', { ms: 0 }) })).text();
    const [, event = ''] = /^id: (.+)$/m.exec(text) ?? [];
    for (const lastEvent of [event, '999999999', '__proto__', 'x']) {
      const headers = { 'last-event-id': lastEvent };
      const answer = await send({ session: other, key: KEYS.bob, method: 'GET', headers });
      expect(answer.status).toBe(400);
      expect(await answer.text()).not.toContain('alice');
    }
  });

  it('what others do does not show in the ids of its events', async () => {
    const session = await begin();
    const other = await begin({ key: KEYS.bob });
    const lastEvent = async (sent: Sent) => {
      const text = await (await send({ body: call('wait', { ms: 0 }), ...sent })).text();
      return Number([...text.matchAll(/^id: (\d+)$/gm)].at(-1)?.[1]);
    };
    const first = await lastEvent({ session });
    const second = await lastEvent({ session });
    for (let n = 0; n < 5; n += 1) await lastEvent({ session: other, key: KEYS.bob });
    expect((await lastEvent({ session })) - second).toBe(second - first);
  });

  it('a second request with the id of one under way is refused', async () => {
    const session = await begin();
    const first = await send({ session, body: call('wait', { ms: 1_000, word: '1' }) });
    await readUntil(first, /"progress":0/);
    const second = await send({ session, body: call('wait', { ms: 0, word: '2' }) });
    expect(second.status).toBe(400);
    const rest = await readUntil(first, /"result"/);
    expect(said(messagesIn(rest).at(-1))).toBe('alice1');
  });

  it('the rights of each request count, not those of the first', async () => {
    const session = await begin();
    const full = await answerOf(await send({ session, body: call('write') }));
    expect(said(full)).toBe('written');
    const key = KEYS.aliceReader;
    const less = await answerOf(await send({ session, key, body: call('write') }));
    expect(less?.result?._meta?.error?.code).toBe('FORBIDDEN');
    const started = await begin({ key });
    const more = await answerOf(await send({ session: started, body: call('write') }));
    expect(said(more)).toBe('written');
  });

  it('200 interleaved calls of two users with equal ids reach whom they belong to', async () => {
    const sessions = {
      alice: await Promise.all(Array.from({ length: 10 }, () => begin())),
      bob: await Promise.all(Array.from({ length: 10 }, () => begin({ key: KEYS.bob }))),
    };
    const work = Array.from({ length: 200 }, async (_, n) => {
      const user = n % 2 === 0 ? 'alice' : 'bob';
      const session = sessions[user][n % 10];
      const body = call('wait', { ms: (n * 7) % 200, word: `-${n}` }, Math.floor(n / 10));
      const answer = await answerOf(await send({ key: KEYS[user], session, body }));
      expect([answer?.id, said(answer)]).toEqual([Math.floor(n / 10), `${user}-${n}`]);
    });
    await Promise.all(work);
  });
});

describe('a session belongs to who began it', () => {
  const unknown = 'A'.repeat(43);

  it.each(['POST', 'GET', 'DELETE'])('for others it is not there: %s', async (method) => {
    const session = await begin();
    const body = method === 'POST' ? { body: call('wait', { ms: 0 }) } : {};
    const others = await send({ session, key: KEYS.bob, method, ...body });
    const nobodys = await send({ session: unknown, key: KEYS.bob, method, ...body });
    expect([others.status, await others.text()]).toEqual([404, await nobodys.text()]);
    const unauthenticated = await send({ session, key: 'wrong', method, ...body });
    expect(unauthenticated.status).toBe(401);
    const own = await answerOf(await send({ session, body: call('wait', { ms: 0 }) }));
    expect(said(own)).toBe('alice');
  });

  it('an answer to a question of another session does not count', async () => {
    const session = await begin();
    const other = await begin({ key: KEYS.bob });
    const asked = await send({ session, body: call('ask_person') });
    const text = await readUntil(asked, /elicitation\/create/);
    const id = messagesIn(text).at(-1)?.id;
    const result = { action: 'accept', content: { name: 'Mallory' } };
    await send({ session: other, key: KEYS.bob, body: { jsonrpc: '2.0', id, result } });
    const more = await send({ session, body: call('wait', { ms: 0 }, 8) });
    expect(said(await answerOf(more))).toBe('alice');
    expect(server.stderr()).not.toContain('Mallory');
    await send({ session, method: 'DELETE' });
  });
});

describe('a session ends', () => {
  async function expectOver(session: string, to = server): Promise<void> {
    for (const method of ['GET', 'DELETE']) {
      expect((await send({ session, method, to })).status).toBe(404);
    }
    const answer = await send({ session, to, body: call('wait', { ms: 0 }) });
    expect(answer.status).toBe(404);
  }

  it('when its client says so, with its calls and streams', async () => {
    const session = await begin();
    const stream = await send({ session, method: 'GET' });
    const underWay = await send({ session, body: call('wait', { ms: 20_000, word: 'deleted' }) });
    await sleep(100);
    expect((await send({ session, method: 'DELETE' })).status).toBe(200);
    await stream.text();
    expect(said(await answerOf(underWay))).toBeUndefined();
    await expect.poll(() => server.stderr()).toMatch(/"word":"deleted".*STOPPED WAITING/);
    await expectOver(session);
  });

  it('when nothing goes on in it, and not before', async () => {
    const to = await startOwn({ SESSION_IDLE_SECONDS: '1' });
    const [idle, streaming] = [await begin({ to }), await begin({ to })];
    const stream = await send({ session: streaming, method: 'GET', to });
    await expect
      .poll(async () => (await send({ session: idle, method: 'DELETE', to })).status, {
        timeout: 10_000,
        interval: 2_500,
      })
      .toBe(404);
    await expectOver(idle, to);
    const alive = await send({ session: streaming, to, body: call('wait', { ms: 0 }) });
    expect(said(await answerOf(alive))).toBe('alice');
    await stream.body?.cancel();
  });

  it('when its caller begins too many: the one that was idle longest', async () => {
    const to = await startOwn({ MAX_SESSIONS_PER_CALLER: '2', MAX_SESSIONS: '3' });
    const first = await begin({ to });
    await begin({ to });
    const bobs = await begin({ to, key: KEYS.bob });
    await begin({ to });
    await expectOver(first, to);
    // The whole server is full: nobody's session goes for somebody else's.
    const refused = await send({ to, key: KEYS.bob, body: INITIALIZE });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '60']);
    const alive = await send({ to, key: KEYS.bob, session: bobs, body: call('wait', { ms: 0 }) });
    expect(said(await answerOf(alive))).toBe('bob');
  });

  it('not for an initialize without an id, which begins none', async () => {
    const to = await startOwn({ MAX_SESSIONS_PER_CALLER: '2' });
    const session = await begin({ to });
    const { id: _, ...notification } = INITIALIZE;
    for (let n = 0; n < 25; n += 1) {
      const response = await send({ to, body: notification });
      expect([response.status, response.headers.get('mcp-session-id')]).toEqual([202, null]);
    }
    const alive = await send({ to, session, body: call('wait', { ms: 0 }) });
    expect(said(await answerOf(alive))).toBe('alice');
  });

  it('2,000 abandoned ones leave nothing behind', async () => {
    const to = await startOwn({ LOG_LEVEL: 'silent', NODE_OPTIONS: '--max-old-space-size=128' });
    const beginMany = async (count: number) => {
      for (let n = 0; n < count; n += 20) {
        await Promise.all(Array.from({ length: 20 }, () => begin({ to })));
      }
    };
    const memory = async () => {
      const { pid = 0 } = to.child;
      const { readFile } = await import('node:fs/promises');
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    };
    await beginMany(400);
    const before = await memory();
    await beginMany(1_600);
    // One session kept as a server of its own took 0.3 MB: that would be 480 MB.
    expect((await memory()) - before).toBeLessThan(60);
  });
});

describe('beside sessions', () => {
  it('a request of 2026-07-28 is stateless, whatever session it names', async () => {
    const headers = { 'mcp-session-id': 'A'.repeat(43) };
    const caller = { url: server.url, key: KEYS.alice, era: '2026-07-28' as const, headers };
    const answer = await rpc(caller, 'tools/call', { name: 'wait', arguments: { ms: 0 } });
    expect(said(answer)).toBe('alice');
  });

  it('a client of 2025 that begins no session is served without', async () => {
    const caller = { url: server.url, key: KEYS.alice, era: '2025-11-25' as const };
    const answer = await rpc(caller, 'tools/call', { name: 'wait', arguments: { ms: 0 } });
    expect(said(answer)).toBe('alice');
    expect((await send({ method: 'GET' })).status).toBe(404);
  });

  it('the limits of calls hold over all sessions of a caller', async () => {
    const to = await startOwn({ RATE_LIMIT_PER_MINUTE: '5' });
    const sessions = [await begin({ to }), await begin({ to })];
    const codes: unknown[] = [];
    for (let n = 0; n < 8; n += 1) {
      const sent = { to, session: sessions[n % 2], body: call('wait', { ms: 0 }) };
      codes.push((await answerOf(await send(sent)))?.result?._meta?.error?.code);
    }
    expect(codes).toEqual([...Array(5).fill(undefined), ...Array(3).fill('RATE_LIMITED')]);
  });

  it('calls that wait for a person are counted, and their answers always pass', async () => {
    const to = await startOwn({ MAX_CONCURRENT_CALLS: '2' });
    const session = await begin({ to });
    const ask = (id: number) => send({ to, session, body: call('ask_person', {}, id) });
    const [first, second] = [await ask(1), await ask(2)];
    expect((await ask(3)).status).toBe(429);
    const question = messagesIn(await readUntil(first, /elicitation\/create/)).at(-1)?.id;
    const declined = { jsonrpc: '2.0', id: question, result: { action: 'decline' } };
    expect((await send({ to, session, body: declined })).status).toBe(202);
    const next = messagesIn(await readUntil(first, /elicitation\/create/)).at(-1)?.id;
    const again = { ...declined, id: next };
    expect((await send({ to, session, body: again })).status).toBe(202);
    const answer = messagesIn(await readUntil(first, /"structuredContent"/)).at(-1);
    expect(said(answer)).toBe('undefined likes undefined');
    await second.body?.cancel();
    await send({ to, session, method: 'DELETE' });
  });

  it('they count for their caller, in whichever session they wait', async () => {
    const to = await startOwn({ MAX_CONCURRENT_CALLS: '2' });
    const [one, other, bobs] = [
      await begin({ to }),
      await begin({ to }),
      await begin({ to, key: KEYS.bob }),
    ];
    const ask = (session: string, id: number, key = KEYS.alice as string) =>
      send({ to, session, key, body: call('ask_person', {}, id) });
    const waiting = await ask(one, 1);
    expect((await ask(other, 2)).status).toBe(200);
    expect((await ask(other, 3)).status).toBe(429);
    expect((await ask(bobs, 4, KEYS.bob)).status).toBe(200);
    // A second call with an id that is under way takes no place.
    expect((await ask(other, 2)).status).toBe(429);
    const cancelled = {
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: 1 },
    };
    await send({ to, session: one, body: cancelled });
    await waiting.text();
    expect((await ask(other, 2)).status).toBe(400);
    expect((await ask(one, 5)).status).toBe(200);
    for (const session of [one, other]) await send({ to, session, method: 'DELETE' });
    const [third, of] = [await begin({ to }), { to, key: KEYS.bob }];
    expect((await ask(third, 6)).status).toBe(200);
    await send({ to, session: third, method: 'DELETE' });
    await send({ ...of, session: bobs, method: 'DELETE' });
  });

  it('what is kept of a client is small', async () => {
    const long = 'x'.repeat(20_000);
    const body = {
      ...INITIALIZE,
      params: { ...INITIALIZE.params, capabilities: { experimental: { [long]: {} } } },
    };
    expect((await send({ body })).status).toBe(413);
    const session = await begin();
    const params = { uri: `time://${long}` };
    const subscribe = { jsonrpc: '2.0', id: 1, method: 'resources/subscribe', params };
    const answer = await answerOf(await send({ session, body: subscribe }));
    expect(answer?.error).toEqual({ code: -32_602, message: 'The address is too long.' });
  });

  it('SIGTERM ends streams, and answers what is under way', async () => {
    const to = await startOwn({});
    const session = await begin({ to });
    const stream = await send({ to, session, method: 'GET' });
    const underWay = await send({ to, session, body: call('wait', { ms: 500 }) });
    const ended = stop(to);
    expect(said(await answerOf(underWay))).toBe('alice');
    await stream.text();
    expect(await ended).toBe(0);
  });
});
