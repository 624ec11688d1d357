import { once } from 'node:events';
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createHttpHandler } from '../../src/http/handler.js';
import { metricsOnOwnPort } from '../../src/http/operations.js';
import { createNodeServer } from '../../src/serve/node-server.js';
import { addProcessMetrics } from '../../src/serve/process-metrics.js';
import { Registry } from '../../src/telemetry/metrics.js';
import { owner } from '../../src/testing/client.js';
import { createTestApp } from '../support/app.js';

const TOKEN = 'a-token-for-prometheus';

/** What `GET /metrics` answers to `sender`. */
async function scrape(
  { sender = '127.0.0.1', headers = {}, env = {} }: Scrape = {},
  app = createTestApp(env),
) {
  const { fetch } = createHttpHandler(await app);
  const all = { host: 'localhost', ...headers };
  return await fetch(new Request('http://localhost/metrics', { headers: all }), sender);
}

interface Scrape {
  sender?: string;
  headers?: Record<string, string>;
  env?: Record<string, string>;
}

const probeEnd = (outcome: string, ms: number) => ({
  call: { kind: 'tool', name: 'probe' } as const,
  principal: owner,
  outcome,
  ms,
  correlationId: 'one',
  era: '2025',
});

const withToken = { METRICS_TOKEN: TOKEN };
const proxied = { ...withToken, PUBLIC_URL: 'https://mcp.test', TRUST_PROXY: '1' };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test.each<[string, Scrape, number]>([
  ['this machine', {}, 200],
  ['this machine over IPv6', { sender: '::1' }, 200],
  ['this machine in the IPv6 form', { sender: '::ffff:127.0.0.1' }, 200],
  ['another machine', { sender: '10.0.0.7' }, 404],
  ['an unknown sender', { sender: 'unknown' }, 404],
  ['a proxy on this machine', { headers: { 'x-forwarded-for': '10.0.0.7' } }, 404],
  ['a proxy of its own kind', { headers: { 'cf-connecting-ip': '10.0.0.7' } }, 404],
  ['this machine, with an address for others', { env: { PUBLIC_URL: 'https://mcp.test' } }, 404],
  ['this machine, with an address of its own', { env: { PUBLIC_URL: 'http://[::1]:3000' } }, 200],
  ['this machine, with names for others', { env: { ALLOWED_HOSTS: 'mcp.test' } }, 404],
  ['this machine, with a proxy in front', { env: { TRUST_PROXY: '1' } }, 404],
  ['the token through a proxy', { headers: bearer(TOKEN), env: proxied }, 200],
  ['a web page on this machine', { headers: { origin: 'https://evil.example' } }, 403],
  ['another host name', { headers: { host: 'evil.example' } }, 403],
  ['the token from elsewhere', { sender: '10.0.0.7', headers: bearer(TOKEN), env: withToken }, 200],
  ['this machine without the token', { env: withToken }, 404],
  ['a wrong token', { headers: bearer(`${TOKEN}x`), env: withToken }, 404],
  ['the main port when there is another', { env: { METRICS_PORT: '9464' } }, 404],
])('metrics for %s', async (_, request, status) => {
  const response = await scrape(request);
  expect(response.status).toBe(status);
  expect((await response.text()).includes('mcp_')).toBe(status === 200);
});

test.each<[string, Record<string, string>, number]>([
  ['its address', { host: '127.0.0.1:9464' }, 200],
  ['an allowed name', { host: 'mcp.test' }, 200],
  ['another name: DNS rebinding', { host: 'evil.example' }, 403],
  ['a web page', { host: '127.0.0.1', origin: 'https://evil.example' }, 403],
])('the port of its own, by %s', async (_, headers, status) => {
  const app = await createTestApp({ ALLOWED_HOSTS: 'mcp.test' });
  const answer = metricsOnOwnPort(app);
  const server = createNodeServer(async (request) => answer(request), app.log);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const [response] = await once(get({ port, path: '/metrics', headers }), 'response');
  response.resume();
  expect(response.statusCode).toBe(status);
});

test('a call is counted by its name and how it ended', async () => {
  const app = await createTestApp();
  const { metrics } = app;
  metrics.began();
  metrics.began();
  metrics.ended(probeEnd('ok', 3));
  const labels = 'mcp_method_name="tools/call",gen_ai_tool_name="probe",error_type=""';
  const text = await (await scrape({}, Promise.resolve(app))).text();
  expect(text).toContain('mcp_server_calls_in_flight 1\n');
  const name = 'mcp_server_operation_duration_seconds';
  expect(text).toContain(`${name}_bucket{${labels},le="0.002"} 0\n`);
  expect(text).toContain(`${name}_bucket{${labels},le="0.005"} 1\n`);
  expect(text).toContain(`${name}_bucket{${labels},le="+Inf"} 1\n`);
  expect(text).toContain(`${name}_count{${labels}} 1\n`);
});

test('codes that a tool invents do not become labels', async () => {
  const { metrics } = await createTestApp();
  for (const code of ['A', '__proto__', 'RATE_LIMITED']) {
    metrics.ended(probeEnd(code, 1));
  }
  const text = metrics.registry.text();
  expect(text).toContain('error_type="tool_error"} 2\n');
  expect(text).toContain('error_type="RATE_LIMITED"} 1\n');
  expect(text).not.toContain('error_type="A"');
  expect(text).toContain('mcp_rate_limited_total{limit="calls"} 1\n');
});

test('labels are escaped', () => {
  const registry = new Registry();
  registry.counter('a_total', 'A.')({ label: '"\\\n' }).inc();
  expect(registry.text()).toContain('a_total{label="\\"\\\\\\n"} 1\n');
});

test('what registers the same name shares it', () => {
  const registry = new Registry();
  for (const part of ['a', 'b']) {
    registry.counters('used_total', 'Used.', 'part', ['all', part]).all?.inc();
    registry.histogram('took_seconds', 'Took.', [1])({}).observe(2);
    registry.gauge('open', 'Open.', () => 1);
    registry.total('kept_total', 'Kept.', () => [
      [{ part }, 1],
      [{ part: 'all' }, 2],
    ]);
  }
  expect(registry.text().split('\n')).toEqual([
    '# HELP used_total Used.',
    '# TYPE used_total counter',
    'used_total{part="all"} 2',
    'used_total{part="a"} 0',
    'used_total{part="b"} 0',
    '# HELP took_seconds Took.',
    '# TYPE took_seconds histogram',
    'took_seconds_bucket{le="1"} 0',
    'took_seconds_bucket{le="+Inf"} 2',
    'took_seconds_sum 4',
    'took_seconds_count 2',
    '# HELP open Open.',
    '# TYPE open gauge',
    'open 2',
    '# HELP kept_total Kept.',
    '# TYPE kept_total counter',
    'kept_total{part="a"} 1',
    'kept_total{part="all"} 4',
    'kept_total{part="b"} 1',
    '',
  ]);
  expect(() => registry.gauge('used_total', 'Used.', () => 1)).toThrow('is a counter already');
});

test('the process is described', () => {
  const registry = new Registry();
  addProcessMetrics(registry);
  const text = registry.text();
  expect(text).toMatch(/^process_resident_memory_bytes \d{7,}$/m);
  expect(text).toMatch(/^nodejs_eventloop_lag_seconds\{percentile="99"\} /m);
  expect(text).not.toContain('NaN');
});
