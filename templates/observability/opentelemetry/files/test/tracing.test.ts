import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { CallContext } from '../src/pipeline/context.js';
import { ToolError } from '../src/pipeline/errors.js';
import { type Call, runCall } from '../src/pipeline/run-call.js';
import { createTestApp } from './support/app.js';
import { owner } from './support/client.js';
import { startCollector } from './support/collector.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const SERVER = 2;
const CLIENT = 3;
const ERROR = 2;

const call: Call = { kind: 'tool', name: 'probe' };
const nothing = {
  signal: new AbortController().signal,
  requestState: () => undefined,
  async notify() {},
  async log() {},
};

/** Runs `work` as the body of a tool, with a collector; gives the spans that it got when the app is closed. */
async function traced<T>(work: (ctx: CallContext) => T | Promise<T>, _meta = {}) {
  const collector = await startCollector();
  const app = await createTestApp({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-token=abc',
  });
  const result = runCall(call, app, owner, { mcpReq: { id: 7, _meta, ...nothing } }, work);
  await result.catch(() => {});
  await app.tracing.close();
  return { ...collector, result };
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

test('what a tool fetches is a span below, and the service learns of the trace', async () => {
  const asked: (string | undefined)[] = [];
  const service = createServer((request, response) => {
    asked.push(request.headers.traceparent?.toString());
    response.writeHead(503).end();
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    service.close();
    service.closeAllConnections();
  });
  const { port } = service.address() as AddressInfo;
  const { spans } = await traced(async () => {
    const response = await fetch(`http://127.0.0.1:${port}/path?token=hunter2`);
    return await response.text();
  });
  const [outgoing, own] = [CLIENT, SERVER].map((kind) => spans.find((span) => span.kind === kind));
  expect(outgoing).toMatchObject({
    parentSpanId: own?.spanId,
    status: { code: ERROR },
    attributes: {
      'url.full': `http://127.0.0.1:${port}/path`,
      'http.response.status_code': 503,
    },
  });
  expect(asked).toEqual([`00-${own?.traceId}-${outgoing?.spanId}-01`]);
});

test('a collector that is away fails no call', async () => {
  const app = await createTestApp({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
  const request = { mcpReq: { id: 1, ...nothing } };
  expect(await runCall(call, app, owner, request, () => 'done')).toBe('done');
});

test('without a collector nothing is loaded', async () => {
  const app = await createTestApp();
  const span = await app.tracing.begin(call, { id: 1 }, '2025');
  expect(span.run(() => 'ran')).toBe('ran');
});
