import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  eras,
  KEYS,
  LIST_TOOLS,
  legacy,
  type McpRequest,
  messageOf,
  modern,
  send,
} from '../support/hostile-project.js';
import {
  limitsProject,
  newClient,
  outcome,
  outcomeOf,
  startLimited,
  tally,
  times,
} from '../support/limits-project.js';
import { exchange } from '../support/raw-http.js';
import { type RunningHttp, startHttp, stop } from '../support/server.js';

const JSON_HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
};

let project: string;
beforeAll(async () => {
  project = await limitsProject();
});

async function serve(env: Readonly<Record<string, string>> = {}, client = newClient()) {
  const server = await startLimited(project, env, client);
  onTestFinished(async () => void (await stop(server)));
  return server;
}

describe.each(eras)('a client that speaks %s', (_, era) => {
  test('makes exactly as many calls as it may, however many it tries at once', async () => {
    const { port } = await serve({ RATE_LIMIT_PER_MINUTE: '10' });
    const outcomes = await times(50, () => outcome(port, 'echo', {}, { era }));
    expect(tally(outcomes)).toEqual({ ok: 10, RATE_LIMITED: 40 });
    const other = { era, headers: { 'x-api-key': KEYS.bob } };
    expect(await outcome(port, 'echo', {}, other)).toBe('ok');
  });

  test('is told when to come back, and then gets its answer', async () => {
    const { port } = await serve({ RATE_LIMIT_PER_MINUTE: '60', RATE_LIMIT_BURST: '1' });
    expect(await outcome(port, 'echo', {}, { era })).toBe('ok');
    const { headers, body } = era('tools/call', { name: 'echo', arguments: {} });
    const refused = messageOf(await send(port, { headers, body })).result;
    expect(refused).toMatchObject({
      isError: true,
      content: [{ type: 'text', text: 'Too many calls. Try again in 1 s.' }],
      _meta: { error: { code: 'RATE_LIMITED', retryable: true, retryAfter: 1 } },
    });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await outcome(port, 'echo', {}, { era })).toBe('ok');
  });

  test('cannot go over the limit of a tool, which leaves it the other tools', async () => {
    const { port } = await serve();
    const outcomes = await times(10, () => outcome(port, 'few', {}, { era }));
    expect(tally(outcomes)).toEqual({ ok: 3, RATE_LIMITED: 7 });
    expect(await outcome(port, 'echo', {}, { era })).toBe('ok');
  });

  test('reads resources within the same limit', async () => {
    const { port } = await serve({ RATE_LIMIT_PER_MINUTE: '2' });
    const { headers, body } = era('resources/read', { uri: 'probe://wide' });
    const answers = await times(4, async () => messageOf(await send(port, { headers, body })));
    const refused = answers.filter(({ error }) => error !== undefined);
    expect(refused).toHaveLength(2);
    expect(refused[0]?.error).toMatchObject({
      message: 'Too many calls. Try again in 30 s.',
      data: { code: 'RATE_LIMITED', retryable: true, retryAfter: 30 },
    });
  });

  test('has a bounded number of calls under way, and then others', async () => {
    const { port } = await serve({ MAX_CONCURRENT_CALLS: '5' });
    const outcomes = await times(20, () => outcome(port, 'wait', { ms: 500 }, { era }));
    expect(tally(outcomes)).toEqual({ ok: 5, TOO_MANY_CALLS: 15 });
    const then = await times(5, () => outcome(port, 'wait', { ms: 500 }, { era }));
    expect(tally(then)).toEqual({ ok: 5 });
  });

  test('stops the work when it goes away', async () => {
    const server = await serve();
    const { headers, body } = era('tools/call', { name: 'wait', arguments: { ms: 20_000 } });
    const text = JSON.stringify(body);
    const lines = Object.entries({
      host: 'localhost',
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(text)),
      'x-api-key': KEYS.alice,
      ...headers,
    }).map(([name, value]) => `${name}: ${value}`);
    const request = `POST /mcp HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${text}`;
    await exchange(server.port, [request], { timeoutMs: 500 });
    await expect.poll(server.stderr).toContain('work started');
    await expect.poll(server.stderr, { timeout: 1_000 }).toContain('work aborted');
    await expect.poll(server.stderr, { timeout: 1_000 }).toContain('CANCELLED');
  });

  test('sees a long list cut, as data that still fits the schema and as text that says so', async () => {
    const { port } = await serve({ MAX_OUTPUT_ROWS: '20', MAX_OUTPUT_BYTES: '3000' });
    const call = async (args: object) => {
      const { headers, body } = era('tools/call', { name: 'rows', arguments: args });
      return messageOf(await send(port, { headers, body })).result;
    };
    const byRows = await call({ count: 500, width: 1 });
    expect(byRows?.structuredContent?.['rows']).toHaveLength(20);
    expect(byRows?.content?.[1]?.text).toContain('… truncated: 20 of 500 items shown in rows.');
    expect(byRows?.content?.[0]?.text).toBe(JSON.stringify(byRows?.structuredContent));

    const byBytes = await call({ count: 15, width: 100 });
    const texts = byBytes?.content?.map(({ text }) => text) ?? [];
    expect(texts[1]).toMatch(/^… truncated: 6 of 15 items shown in rows\./);
    expect(Buffer.byteLength(texts.join(''))).toBeLessThanOrEqual(3_000);
    expect((await call({ count: 15, width: 1 }))?.content).toHaveLength(1);
  });

  test('is told when a result cannot be cut', async () => {
    const { port } = await serve({ MAX_OUTPUT_BYTES: '3000' });
    expect(await outcome(port, 'blob', { bytes: 3_000 }, { era })).toBe('OUTPUT_TOO_LARGE');
    expect(await outcome(port, 'blob', { bytes: 2_900 }, { era })).toBe('ok');
    expect(await outcome(port, 'rows', { count: 1, width: 1_000 }, { era })).toBe(
      'OUTPUT_TOO_LARGE',
    );
    const { headers, body } = era('resources/read', { uri: 'probe://wide' });
    expect(messageOf(await send(port, { headers, body })).error).toMatchObject({
      data: { code: 'OUTPUT_TOO_LARGE', retryable: false },
    });
  });

  test('learns that another service is away, and not which', async () => {
    const { port } = await serve();
    expect(await outcome(port, 'far', {}, { era })).toBe('UPSTREAM_UNAVAILABLE');
  });
});

describe('a batch', () => {
  const call = (id: unknown) => legacy('tools/call', { name: 'echo', arguments: {} }, id).body;
  const batch = (length: number) => Array.from({ length }, (_, id) => call(id));

  test('counts as many calls as it has', async () => {
    const { port } = await serve({ RATE_LIMIT_PER_MINUTE: '10' });
    const { body } = await send(port, { body: batch(50) });
    const answers = [...body.matchAll(/^data: (.+)$/gm)].flatMap(([, data]) =>
      JSON.parse(`${data}`),
    );
    expect(tally(answers.map(outcomeOf))).toEqual({ ok: 10, RATE_LIMITED: 40 });
  });

  test.each([
    ['of too many messages', batch(100)],
    ['with two equal ids', [call(1), call(2), call(1)]],
    ['with two equal ids that are objects', [call({ a: 1 }), call({ a: 1 })]],
    ['of nothing', []],
  ])('%s is refused as a whole', async (_, body) => {
    const { port } = await serve();
    const response = await send(port, { body });
    expect(response.status).toBe(400);
    expect(messageOf(response).error?.code).toBe(-32_600);
  });

  test('may have equal ids of different types', async () => {
    const { port } = await serve();
    expect((await send(port, { body: [call(1), call('1')] })).status).toBe(200);
  });
});

describe('requests that cost nothing to send', () => {
  const list: McpRequest = { body: LIST_TOOLS };

  test('are refused with 429 and the time to wait when there are too many', async () => {
    const { port } = await serve({ RATE_LIMIT_PER_MINUTE: '2' });
    const responses = await times(30, () => send(port, list));
    expect(tally(responses.map(({ status }) => String(status)))).toEqual({ '200': 20, '429': 10 });
    const refused = responses.find(({ status }) => status === 429);
    expect(refused?.headers.get('retry-after')).toBe('3');
    const other = { ...list, headers: { 'x-api-key': KEYS.bob } };
    expect((await send(port, other)).status).toBe(200);
  });

  test('count one by one in a batch', async () => {
    const { port } = await serve({ RATE_LIMIT_PER_MINUTE: '2' });
    const batch = (size: number) =>
      JSON.stringify([...Array(size).keys()].map((id) => ({ ...LIST_TOOLS, id })));
    expect((await send(port, { body: batch(21) })).status).toBe(429);
    const other = { body: batch(20), headers: { 'x-api-key': KEYS.bob } };
    expect((await send(port, other)).status).toBe(200);
  });

  test('of one client take a bounded number of streams, and leave the others theirs', async () => {
    const { port } = await serve({ MAX_CONCURRENT_CALLS: '2' });
    const gone = new AbortController();
    onTestFinished(() => gone.abort());
    const { headers, body } = modern('subscriptions/listen', {
      notifications: { toolsListChanged: true },
    });
    const listen = async (key: string) => {
      const request = { method: 'POST', body: JSON.stringify(body), signal: gone.signal };
      const all = { ...JSON_HEADERS, ...headers, 'x-api-key': key };
      return (await fetch(`http://127.0.0.1:${port}/mcp`, { ...request, headers: all })).status;
    };
    expect([await listen(KEYS.alice), await listen(KEYS.alice)]).toEqual([200, 200]);
    expect(await listen(KEYS.alice)).toBe(429);
    expect(await listen(KEYS.bob)).toBe(200);
  });

  test('and guesses at keys are slowed down, without locking out who is known', async () => {
    const { port } = await serve({ RATE_LIMIT_PER_MINUTE: '10' });
    expect((await send(port, list)).status).toBe(200);
    const guess = (key: string) => send(port, { ...list, headers: { 'x-api-key': key } });
    const guesses = await times(30, () => guess('not-the-key-of-anyone'));
    expect(tally(guesses.map(({ status }) => String(status)))).toEqual({ '401': 9, '429': 21 });
    expect(guesses.find(({ status }) => status === 429)?.headers.get('retry-after')).toBe('6');
    expect((await guess(KEYS.bob)).status).toBe(429);
    expect((await send(port, list)).status).toBe(200);
    expect((await send(port, { ...list, headers: { 'x-api-key': undefined } })).status).toBe(401);
  });

  test('and refused requests of strangers do not fill the log', async () => {
    const { port, stderr } = await serve();
    const refused = () => send(port, { ...list, headers: { 'x-api-key': undefined } });
    const lines = () =>
      stderr()
        .split('\n')
        .filter((line) => line.includes('request refused'))
        .map((line) => JSON.parse(line));
    await times(200, refused);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await refused();
    await expect.poll(() => lines().at(-1)).toMatchObject({ leftOut: expect.any(Number) });
    expect(lines().length).toBeLessThan(100);
    const leftOut = lines().reduce((sum, line) => sum + (line.leftOut ?? 0), 0);
    expect(lines().length + leftOut).toBe(201);
  });
});

describe('a client behind a proxy', () => {
  let open: string;
  beforeAll(async () => {
    open = await limitsProject({ auth: 'none' });
  });

  /** What the second of two clients gets when each may make one call. */
  async function second(trust: string, first: string, then: string): Promise<string> {
    const env = { RATE_LIMIT_PER_MINUTE: '1', TRUST_PROXY: trust };
    const server = await startHttp(open, env);
    onTestFinished(async () => void (await stop(server)));
    const as = (forwardedFor: string) =>
      outcome(server.port, 'echo', {}, { headers: { 'x-forwarded-for': forwardedFor } });
    expect(await as(first)).toBe('ok');
    return await as(then);
  }

  test.each([
    ['nobody is believed', '', '203.0.113.1', '203.0.113.2', 'RATE_LIMITED'],
    ['one proxy is believed', '1', '203.0.113.1', '203.0.113.2', 'ok'],
    [
      'what a client invents does not count',
      '1',
      '1.1.1.1, 203.0.113.1',
      '2.2.2.2, 203.0.113.1',
      'RATE_LIMITED',
    ],
    ['a network is believed', '127.0.0.0/8', '203.0.113.1', '203.0.113.2', 'ok'],
    ['a stranger is not', '10.0.0.0/8', '203.0.113.1', '203.0.113.2', 'RATE_LIMITED'],
    ['one customer has one IPv6 network', '1', '2001:db8::1', '2001:db8::2:3', 'RATE_LIMITED'],
    ['other networks are others', '1', '2001:db8::1', '2001:db8:0:1::1', 'ok'],
  ])('%s: TRUST_PROXY=%s', async (_, trust, first, then, expected) => {
    expect(await second(trust, first, then)).toBe(expected);
  });
});

describe('a body', () => {
  let server: RunningHttp;
  beforeAll(async () => {
    server = await startLimited(project, { MAX_BODY_BYTES: '200000' });
  });
  afterAll(() => stop(server));

  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  const withArguments = (json: string) =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":${json}}}}`;

  test.each([
    ['that is nothing but 40,000 brackets', nested(40_000), 400],
    ['with arguments that are 40,000 levels deep', withArguments(nested(40_000)), 400],
    [
      'with 30,000 objects in each other',
      withArguments(`${'{"a":'.repeat(30_000)}1${'}'.repeat(30_000)}`),
      400,
    ],
    ['with brackets in a string only', withArguments(JSON.stringify('['.repeat(40_000))), 200],
    ['that hides its depth behind a quote', withArguments(`["\\\\",${nested(100)}]`), 400],
    ['that hides its depth behind an escaped quote', withArguments(`["\\"",${nested(100)}]`), 400],
    ['that is too large', withArguments(JSON.stringify('x'.repeat(200_000))), 413],
    ['that is not UTF-8', Uint8Array.of(34, 0xff, 34), 400],
    ['that is empty', '', 400],
  ])('%s', async (_, body, status) => {
    expect((await send(server.port, { body })).status).toBe(status);
    expect(await outcome(server.port, 'echo')).toBe('ok');
  });

  test('that grows beyond the limit without saying its length', async () => {
    const head = [
      'POST /mcp HTTP/1.1',
      'host: localhost',
      'content-type: application/json',
      `x-api-key: ${KEYS.alice}`,
      'transfer-encoding: chunked',
    ].join('\r\n');
    const chunk = `ffff\r\n${'x'.repeat(0xffff)}\r\n`;
    const pieces = [`${head}\r\n\r\n`, ...Array.from({ length: 20 }, () => chunk)];
    const response = await exchange(server.port, pieces, { pauseMs: 5, timeoutMs: 2_000 });
    expect(response.status).toBe(413);
  });

  test.each([
    ['headers', 'POST /mcp HTTP/1.1\r\nhost: localhost\r\n'],
    [
      'the body',
      `POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nx-api-key: ${KEYS.alice}\r\ncontent-length: 90\r\n\r\n{`,
    ],
  ])('that never comes: %s', { timeout: 60_000 }, async (_, start) => {
    const started = performance.now();
    await exchange(server.port, [start], { timeoutMs: 50_000 });
    expect(performance.now() - started).toBeLessThan(40_000);
    expect(await outcome(server.port, 'echo')).toBe('ok');
  });

  test('from a client that goes away leaves no error in the log', async () => {
    const head = `POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nx-api-key: ${KEYS.alice}\r\ncontent-length: 90\r\n\r\n{`;
    await exchange(server.port, [head], { timeoutMs: 200 });
    expect(await outcome(server.port, 'echo')).toBe('ok');
    expect(server.stderr()).not.toContain('request failed');
  });
});

test('headers that are too large are refused before anything else', async () => {
  const { port } = await serve();
  const response = await send(port, { headers: { 'x-padding': 'x'.repeat(20_000) } });
  expect(response.status).toBe(431);
  expect((await send(port, { target: `/mcp?${'x'.repeat(20_000)}` })).status).toBe(431);
});
