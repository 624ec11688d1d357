import { channel } from 'node:diagnostics_channel';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Call } from '../../src/calls/call.js';
import { runCall } from '../../src/calls/run-call.js';
import { type CallContext, ToolError } from '../../src/definitions/definitions.js';
import { openTelemetry } from '../../src/telemetry/opentelemetry.js';
import { owner } from '../../src/testing/client.js';
import { createTestApp } from '../support/app.js';
import { startCollector } from '../support/collector.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const SERVER = 2;
const CLIENT = 3;
const ERROR = 2;

/** A server with traces. */
async function createApp(env: Record<string, string> = {}) {
  const app = await createTestApp(env, { parts: { tracing: openTelemetry() } });
  const { tracing } = app;
  if (tracing === undefined) throw new Error('there are no traces');
  return { ...app, tracing };
}

const call: Call = { kind: 'tool', name: 'probe' };
const nothing = {
  get signal() {
    return new AbortController().signal;
  },
  requestState: () => undefined,
  async notify() {},
  async log() {},
};

/** Runs `work` as the body of a tool, with a collector; gives the spans that it got when the app is closed. */
async function traced(work: (ctx: CallContext) => unknown, _meta = {}, env = {}) {
  const collector = await startCollector();
  onTestFinished(collector.close);
  const app = await createApp({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-token=abc',
    ...env,
  });
  const request = { mcpReq: { id: 7, _meta, ...nothing } };
  await Promise.resolve(runCall(call, app, owner, request, work)).catch(() => {});
  await app.tracing.close();
  return collector;
}

/** A service that says in which trace it was asked. */
async function startService() {
  const asked: IncomingHttpHeaders[] = [];
  const service = createServer((request, response) => {
    asked.push(request.headers);
    response.writeHead(503).end();
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    service.close();
    service.closeAllConnections();
  });
  const { port } = service.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, asked };
}

test('a call is a span of the trace that its message names', async () => {
  const { spans, headers } = await traced(() => 'done', {
    traceparent: `00-${TRACE}-${PARENT}-01`,
  });
  expect(spans).toMatchObject([
    {
      name: 'tools/call probe',
      kind: SERVER,
      traceId: TRACE,
      parentSpanId: PARENT,
      attributes: {
        'mcp.method.name': 'tools/call',
        'gen_ai.tool.name': 'probe',
        'gen_ai.operation.name': 'execute_tool',
        'jsonrpc.request.id': '7',
      },
    },
  ]);
  expect(JSON.stringify(spans)).not.toContain(owner.id);
  expect(headers[0]).toMatchObject({ 'x-token': 'abc' });
});

test('what is no trace context begins a trace of its own', async () => {
  const { spans } = await traced(() => 'done', { traceparent: 'nonsense', tracestate: 7 });
  expect(spans[0]?.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(spans[0]?.parentSpanId ?? '').toBe('');
});

test('a failed call says how it failed, and no more', async () => {
  const { spans } = await traced(() => {
    throw new ToolError('NOT_FOUND', 'hunter2 is not there.');
  });
  expect(spans[0]).toMatchObject({ status: { code: ERROR } });
  expect(spans[0]?.attributes['error.type']).toBe('NOT_FOUND');
  expect(JSON.stringify(spans)).not.toContain('hunter2');
});

test('what a tool fetches is a span below, and a service on the list learns of the trace', async () => {
  const { origin, asked } = await startService();
  const work = async () => (await fetch(`${origin}/hunter2?token=hunter2`)).text();
  const { spans } = await traced(work, {}, { TRACE_PROPAGATION_TARGETS: origin });
  const [outgoing, own] = [CLIENT, SERVER].map((kind) => spans.find((span) => span.kind === kind));
  expect(outgoing).toMatchObject({
    parentSpanId: own?.spanId,
    status: { code: ERROR },
    attributes: { 'url.full': origin, 'http.response.status_code': 503 },
  });
  expect(JSON.stringify(spans)).not.toContain('hunter2');
  expect(asked[0]?.traceparent).toBe(`00-${own?.traceId}-${outgoing?.spanId}-01`);
});

test.each([
  ['another service learns nothing', ''],
  ['one on the list learns nothing but the trace', 'traceparent'],
])('%s', async (_, learned) => {
  const { origin, asked } = await startService();
  const work = async () => (await fetch(origin)).text();
  const meta = { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'a=b', baggage: 'c=d;€' };
  const listed = learned === '' ? 'http://127.0.0.1:1' : origin;
  await traced(work, meta, { TRACE_PROPAGATION_TARGETS: listed });
  const told = ['traceparent', 'tracestate', 'baggage'].filter((name) => asked[0]?.[name]);
  expect(told.join()).toBe(learned);
});

test.each([
  ['always_on', '00', 1],
  ['parentbased_always_off', '01', 0],
])('with %s, the flag %s of a caller changes nothing', async (sampler, flag, count) => {
  vi.stubEnv('OTEL_TRACES_SAMPLER', sampler);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { spans } = await traced(() => 'done', { traceparent: `00-${TRACE}-${PARENT}-${flag}` });
  expect(spans.map(({ traceId }) => traceId)).toEqual(Array(count).fill(TRACE));
});

test('a caller cannot choose an id that is traced for certain', async () => {
  vi.stubEnv('OTEL_TRACES_SAMPLER', 'traceidratio');
  vi.stubEnv('OTEL_TRACES_SAMPLER_ARG', '0.000001');
  onTestFinished(() => void vi.unstubAllEnvs());
  const chosen = `${'0'.repeat(31)}1`;
  const { spans } = await traced(() => 'done', { traceparent: `00-${chosen}-${PARENT}-01` });
  expect(spans).toEqual([]);
});

test('what cannot have a span does no harm to its request', async () => {
  const uncaught = vi.fn();
  process.on('uncaughtException', uncaught);
  onTestFinished(() => void process.off('uncaughtException', uncaught));
  const request = { origin: 'nowhere', method: 'GET', addHeader() {} };
  await traced(() => channel('undici:request:create').publish({ request }));
  await sleep(10);
  expect(uncaught).not.toHaveBeenCalled();
});

test('a collector that is away fails no call', async () => {
  const app = await createApp({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
  const request = { mcpReq: { id: 1, ...nothing } };
  expect(await runCall(call, app, owner, request, () => 'done')).toBe('done');
});

test('without a collector nothing is loaded', async () => {
  const app = await createApp();
  const span = await app.tracing.begin(call, { id: 1 }, '2025');
  expect(span.run(() => 'ran')).toBe('ran');
});
