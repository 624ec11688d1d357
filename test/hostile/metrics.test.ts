/** `/metrics` of a real server: who may read it, and whether it says what happened. */
import { networkInterfaces } from 'node:os';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eras, KEYS, legacy, MARK, modern, send } from '../support/hostile-project.js';
import { leftOut } from '../support/left-out.js';
import {
  limitsProject,
  newClient,
  outcome,
  startLimited,
  times,
} from '../support/limits-project.js';
import { parseMetrics, sumOf } from '../support/metrics.js';
import { findPromtool } from '../support/promtool.js';
import { freePort, type RunningHttp, stop } from '../support/server.js';

const DURATION = 'mcp_server_operation_duration_seconds';
const TOKEN = 'prometheus-0123456789';

let project: string;
let server: RunningHttp;
beforeAll(async () => {
  project = await limitsProject();
  server = await startLimited(project, { LOG_LEVEL: 'error' });
});
afterAll(() => stop(server));

async function scrape(port = server.port): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(response.status).toBe(200);
  return await response.text();
}

/** By how much the sum of a metric grows. */
async function growth(work: () => Promise<unknown>) {
  const before = await scrape();
  await work();
  const after = await scrape();
  return (name: string, labels: Record<string, string> = {}) =>
    sumOf(after, name, labels) - sumOf(before, name, labels);
}

describe('what is counted', () => {
  it.each(eras)('calls, by tool and how they ended, %s', async (_, era) => {
    const grown = await growth(async () => {
      await times(5, () => outcome(server.port, 'echo', {}, { era }));
      await outcome(server.port, 'blob', { bytes: 2_000_000 }, { era });
      await send(server.port, era('resources/read', { uri: 'probe://wide' }));
    });
    const tool = 'gen_ai_tool_name';
    expect(grown(`${DURATION}_count`, { [tool]: 'echo', error_type: '' })).toBe(5);
    const large = { [tool]: 'blob', error_type: 'OUTPUT_TOO_LARGE' };
    expect(grown(`${DURATION}_count`, large)).toBe(1);
    const read = { mcp_method_name: 'resources/read', mcp_resource_name: 'wide' };
    expect(grown(`${DURATION}_count`, read)).toBe(1);
  });

  it.each(eras)(
    'calls that the protocol refuses, without the names that were sent, %s',
    async (_, era) => {
      const grown = await growth(async () => {
        const noText = { toString: 1 };
        for (const name of ['no_such_tool', 'another"}', '__proto__', noText]) {
          await send(server.port, era('tools/call', { name, arguments: {} }));
        }
        await send(server.port, era('tools/call', { name: 'wait', arguments: { ms: 'x' } }));
      });
      const refused = { error_type: 'REFUSED' };
      expect(grown(`${DURATION}_count`, { ...refused, gen_ai_tool_name: 'unknown' })).toBe(4);
      expect(grown(`${DURATION}_count`, { ...refused, gen_ai_tool_name: 'wait' })).toBe(1);
      expect(grown(`${DURATION}_count`)).toBe(5);
      expect(await scrape()).not.toMatch(/no_such_tool|another/);
    },
  );

  it('of a batch the calls that run and those that do not', async () => {
    const call = (id: number, name: string) =>
      legacy('tools/call', { name, arguments: {} }, id).body;
    const before = server.stderr().length;
    const grown = await growth(() =>
      send(server.port, { body: [call(1, 'echo'), call(2, 'gone'), call(3, 'echo')] }),
    );
    expect(grown(`${DURATION}_count`, { gen_ai_tool_name: 'echo' })).toBe(2);
    expect(grown(`${DURATION}_count`, { gen_ai_tool_name: 'unknown' })).toBe(1);
    const lines = () =>
      server
        .stderr()
        .slice(before)
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line))
        .map(({ name, outcome }) => `${name} ${outcome}`)
        .sort();
    await expect.poll(lines).toEqual(['echo ok', 'echo ok', 'gone REFUSED']);
  });

  it('who was not let in, and why', async () => {
    const grown = await growth(async () => {
      await send(server.port, { headers: { 'x-api-key': undefined } });
      await send(server.port, { headers: { 'x-api-key': 'wrong' } });
      await send(server.port, { headers: { host: 'evil.example' } });
    });
    expect(grown('mcp_auth_failures_total', { reason: 'missing' })).toBe(1);
    expect(grown('mcp_auth_failures_total', { reason: 'invalid' })).toBe(1);
    expect(grown('mcp_http_requests_refused_total', { status: '401' })).toBe(2);
    expect(grown('mcp_http_requests_refused_total', { status: '403' })).toBe(1);
  });

  it('what was over a limit', async () => {
    const grown = await growth(() => times(5, () => outcome(server.port, 'few')));
    expect(grown('mcp_rate_limited_total', { limit: 'calls' })).toBe(2);
  });

  it('what is under way and what is open', async () => {
    const slow = times(3, () => outcome(server.port, 'wait', { ms: 2_000 }));
    const inFlight = async () => sumOf(await scrape(), 'mcp_server_calls_in_flight');
    await expect.poll(inFlight, { timeout: 2_000 }).toBe(3);
    expect(sumOf(await scrape(), 'mcp_http_connections_open')).toBeGreaterThanOrEqual(4);
    await slow;
    await expect.poll(inFlight).toBe(0);
  });

  it('open subscriptions', async () => {
    const { headers, body } = modern('subscriptions/listen', {
      notifications: { toolsListChanged: true },
    });
    const end = new AbortController();
    const all = {
      'x-api-key': KEYS.alice,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    };
    const init = {
      method: 'POST',
      headers: { ...all, ...headers },
      body: JSON.stringify(body),
      signal: end.signal,
    };
    const stream = await fetch(`${server.url}`, init);
    expect(stream.status).toBe(200);
    const open = async () => sumOf(await scrape(), 'mcp_subscriptions_open');
    await expect.poll(open).toBe(1);
    end.abort();
    await expect.poll(open).toBe(0);
  });

  it('is in the format of Prometheus, with nothing secret in it', async () => {
    const text = await scrape();
    expect(text).not.toContain(MARK);
    expect(parseMetrics(text).length).toBeGreaterThan(30);
    const found = await findPromtool();
    if ('missing' in found) return leftOut('promtool check metrics', found.missing);
    // What it prints are remarks: these names are those of the conventions.
    const { exitCode, stderr } = await execa(found.path, ['check', 'metrics'], {
      input: text,
      reject: false,
    });
    expect(stderr.split('\n').filter((line) => !/^$|no help text|_total/.test(line))).toEqual([]);
    expect(exitCode).toBe(0);
  });
});

describe('who may read it', () => {
  const status = async (port: number, headers: Record<string, string> = {}, host = '127.0.0.1') =>
    (await fetch(`http://${host}:${port}/metrics`, { headers })).status;

  it('nobody behind a proxy or under another name', async () => {
    expect(await status(server.port, { 'x-forwarded-for': '127.0.0.1' })).toBe(404);
    const { status: named } = await send(server.port, {
      method: 'GET',
      target: '/metrics',
      headers: { host: 'evil.example' },
      body: '',
    });
    expect(named).toBe(403);
  });

  it('nobody from another machine', async () => {
    const [address] = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4');
    if (address === undefined) return leftOut('/metrics from elsewhere', 'no network');
    const open = await startLimited(project, { HOST: '0.0.0.0' });
    expect(await status(open.port)).toBe(200);
    expect(await status(open.port, {}, address.address)).toBe(404);
    await stop(open);
  });

  it.each([
    ['PUBLIC_URL', 'https://mcp.example.com'],
    ['ALLOWED_HOSTS', 'mcp.example.com'],
    ['TRUST_PROXY', '1'],
  ])('nobody without a token where %s speaks of a proxy', async (name, value) => {
    const behind = await startLimited(project, { [name]: value });
    expect(await status(behind.port)).toBe(404);
    await stop(behind);
  });

  it('nobody by a rebound name, on the port of its own', async () => {
    const METRICS_PORT = await freePort();
    const own = await startLimited(project, { METRICS_PORT: String(METRICS_PORT) });
    const asked = async (host: string, target = '/metrics') => {
      const headers = { host };
      return (await send(METRICS_PORT, { method: 'GET', target, headers, body: '' })).status;
    };
    expect(await asked('evil.example')).toBe(403);
    expect(await asked('10.0.0.7:9464')).toBe(200);
    expect(await asked('[fd00::7]:9464')).toBe(200);
    expect(await asked('localhost', '/x/../metrics')).toBe(404);
    await stop(own);
  });

  it('everyone with the token, and nobody else', async () => {
    const guarded = await startLimited(project, { METRICS_TOKEN: TOKEN });
    expect(await status(guarded.port)).toBe(404);
    expect(await status(guarded.port, { authorization: `Bearer ${TOKEN}` })).toBe(200);
    expect(await status(guarded.port, { authorization: `Bearer ${KEYS.alice}` })).toBe(404);
    await stop(guarded);
    expect(guarded.stderr()).not.toContain(TOKEN);
  });

  it('whoever reaches the port of its own', async () => {
    const METRICS_PORT = await freePort();
    const own = await startLimited(project, { METRICS_PORT: String(METRICS_PORT) }, newClient());
    expect(await status(own.port)).toBe(404);
    await outcome(own.port, 'echo');
    expect(sumOf(await scrape(METRICS_PORT), `${DURATION}_count`)).toBe(1);
    expect((await fetch(`http://127.0.0.1:${METRICS_PORT}/mcp`)).status).toBe(404);
    const started = Date.now();
    expect(await stop(own)).toBe(0);
    expect(Date.now() - started).toBeLessThan(5_000);
  });
});
