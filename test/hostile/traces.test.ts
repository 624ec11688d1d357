/** Traces of a real server, as a collector gets them. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Collector, type Span, startCollector } from '../../kit/test/support/collector.js';
import { temporaryFolder } from '../support/cli.js';
import {
  KEYS,
  legacy,
  MARK,
  type McpRequest,
  messageOf,
  modern,
  send,
} from '../support/hostile-project.js';
import {
  limitsProject,
  newClient,
  outcome,
  startLimited,
  times,
} from '../support/limits-project.js';
import { modulesOf, type RunningHttp, stop } from '../support/server.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const OTHER = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
const PARENT = '00f067aa0ba902b7';
const traceparent = (trace: string) => `00-${trace}-${PARENT}-01`;
const [SERVER, CLIENT, ERROR] = [2, 3, 2];

let project: string;
beforeAll(async () => {
  project = await limitsProject({
    starter: 'notes',
    transport: ['http', 'stdio'],
    datastore: 'sqlite',
    observability: ['opentelemetry'],
  });
});

const databaseUrl = () => `file:${join(temporaryFolder('traces-'), 'notes.db')}`;

/** Starts the server with a collector that gets every span within 100 ms. */
function start(collector: Pick<Collector, 'url'>, env: Record<string, string> = {}) {
  const settings = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '100',
    TRACE_PROPAGATION_TARGETS: 'http://no-such-host.invalid',
    DATABASE_URL: databaseUrl(),
    ...env,
  };
  return startLimited(project, settings, newClient());
}

/** A call with a trace context in its message, in its headers, or in both. */
function call(name: string, args: object, make = modern, inMessage?: string, inHeaders?: string) {
  const { headers, body } = make('tools/call', { name, arguments: args }, 'call-1');
  const { params, ...rest } = body as { params: { _meta?: object } };
  const _meta: { traceparent?: string; baggage?: string } = {
    ...params._meta,
    ...(inMessage && { traceparent: traceparent(inMessage) }),
  };
  return {
    headers: { ...headers, ...(inHeaders && { traceparent: traceparent(inHeaders) }) },
    body: { ...rest, params: { ...params, _meta } },
  };
}

describe('a server with a collector', () => {
  let collector: Collector;
  let server: RunningHttp;
  beforeAll(async () => {
    collector = await startCollector();
    server = await start(collector);
  });
  afterAll(async () => {
    await stop(server);
    collector.close();
  });

  /** The spans that `request` leads to. */
  async function spansOf(request: McpRequest, count = 1): Promise<Span[]> {
    const before = collector.spans.length;
    await send(server.port, request);
    await expect.poll(() => collector.spans.length - before, { timeout: 5_000 }).toBe(count);
    return collector.spans.slice(before);
  }

  it.each([
    ['2025-11-25', legacy, '2025'],
    ['2026-07-28', modern, '2026-07-28'],
  ] as const)('continues the trace of the message, %s', async (_, make, era) => {
    const [span] = await spansOf(call('echo', {}, make, TRACE, OTHER));
    expect(span).toMatchObject({
      name: 'tools/call echo',
      kind: SERVER,
      traceId: TRACE,
      parentSpanId: PARENT,
      links: [{ traceId: OTHER, spanId: PARENT }],
      attributes: {
        'mcp.method.name': 'tools/call',
        'gen_ai.tool.name': 'echo',
        'mcp.protocol.version': era,
        'jsonrpc.request.id': 'call-1',
      },
      resource: { 'service.name': 'hostile', 'service.version': '0.1.0' },
    });
    expect(span?.status.code ?? 0).toBe(0);
  });

  it('continues the trace of the headers, when the message names none', async () => {
    const [span] = await spansOf(call('echo', {}, modern, undefined, OTHER));
    expect(span).toMatchObject({ traceId: OTHER, parentSpanId: PARENT });
  });

  it('does not mix the traces of callers', async () => {
    const before = collector.spans.length;
    const traces = Array.from({ length: 20 }, (_, index) => index.toString(16).padStart(32, 'b'));
    await Promise.all(
      traces.map((trace, index) =>
        send(
          server.port,
          call('wait', { ms: (index % 5) * 20 }, index % 2 ? legacy : modern, trace),
        ),
      ),
    );
    await expect.poll(() => collector.spans.length - before, { timeout: 5_000 }).toBe(20);
    const found = collector.spans.slice(before).map(({ traceId }) => traceId);
    expect(found.sort()).toEqual(traces.sort());
  });

  it('has queries below the call, without their values', async () => {
    const title = `note-${newClient()}`;
    const input = { title, body: `body of ${title}` };
    const before = collector.spans.length;
    const response = await send(server.port, call('create_note', input, modern, TRACE));
    expect(messageOf(response).result?.isError ?? false).toBe(false);
    const ofCall = () => collector.spans.slice(before);
    await expect.poll(() => ofCall().filter(({ kind }) => kind === SERVER).length).toBe(1);
    const [own] = ofCall().filter(({ kind }) => kind === SERVER);
    const queries = ofCall().filter(({ kind }) => kind === CLIENT);
    expect(queries.length).toBeGreaterThan(0);
    for (const query of queries) {
      expect(query).toMatchObject({ traceId: TRACE, parentSpanId: own?.spanId });
      expect(query.attributes['db.system.name']).toBe('sqlite');
    }
    expect(JSON.stringify(ofCall())).not.toContain(title);
  });

  it('says how a call failed, without the message or the address', async () => {
    const [outgoing, own] = await spansOf(call('far', {}), 2);
    expect(own).toMatchObject({ name: 'tools/call far', status: { code: ERROR } });
    expect(own?.attributes['error.type']).toBe('UPSTREAM_UNAVAILABLE');
    expect(outgoing).toMatchObject({ kind: CLIENT, parentSpanId: own?.spanId });
    expect(outgoing?.attributes['url.full']).toBe('http://no-such-host.invalid');
  });

  it('the flag of a caller that says not to trace does not count', async () => {
    const request = call('echo', {});
    request.body.params._meta.traceparent = `00-${TRACE}-${PARENT}-00`;
    const [span] = await spansOf(request);
    expect(span).toMatchObject({ traceId: TRACE, parentSpanId: PARENT });
  });

  it.each(['a=b;€', 'a=b\r\nx-admin: 1', 'a=\0'])(
    'no baggage of a caller ends the process: %j',
    async (baggage) => {
      const request = call('far', {}, modern, TRACE);
      request.body.params._meta.baggage = baggage;
      await spansOf(request, 2);
      await spansOf(call('echo', {}));
      expect(server.child.exitCode).toBeNull();
    },
  );

  it('a long address has a short span', async () => {
    const uri = `note:///${'x'.repeat(10_000)}`;
    const [span] = await spansOf(modern('resources/read', { uri }));
    expect(JSON.stringify(span).length).toBeLessThan(3_000);
  });

  it('names nobody and nothing secret', () => {
    expect(JSON.stringify(collector.spans)).not.toContain(MARK);
    expect(JSON.stringify(collector.spans)).not.toContain('client-');
  });

  it('says in the log which trace a line belongs to', async () => {
    await spansOf(call('wait', { ms: 0 }, modern, TRACE));
    await expect.poll(server.stderr).toContain(`"trace_id":"${TRACE}"`);
    const lines = server
      .stderr()
      .split('\n')
      .filter((line) => line.includes(TRACE));
    expect(lines.some((line) => line.includes('work started'))).toBe(true);
    expect(lines.some((line) => line.includes('"type":"audit"'))).toBe(true);
  });
});

it('what is left is sent before the process ends', async () => {
  const collector = await startCollector();
  const server = await start(collector, { OTEL_BSP_SCHEDULE_DELAY: '60000' });
  await times(5, () => outcome(server.port, 'echo'));
  expect(collector.spans).toEqual([]);
  expect(await stop(server)).toBe(0);
  expect(collector.spans).toHaveLength(5);
  collector.close();
});

it.each([
  ['is away', { url: 'http://127.0.0.1:1', close() {} }],
  ['never answers', undefined],
])('a collector that %s delays no call and not the end', async (_, away) => {
  const collector = away ?? (await startCollector({ frozen: true }));
  const server = await start(collector, { SHUTDOWN_TIMEOUT_MS: '5000' });
  const outcomes = await times(30, () => outcome(server.port, 'echo'));
  expect(new Set(outcomes)).toEqual(new Set(['ok']));
  expect(await stop(server)).toBe(0);
  expect(server.stderr().match(/traces cannot be sent/g)?.length ?? 0).toBeLessThan(3);
  collector.close();
});

it('a service that is not on the list learns nothing of the trace', async () => {
  const asked: (string | undefined)[] = [];
  const service = createServer((request, response) => {
    asked.push(request.headers['traceparent']?.toString());
    response.end();
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const collector = await startCollector();
  for (const targets of ['http://127.0.0.1:1', origin]) {
    const server = await start(collector, { TRACE_PROPAGATION_TARGETS: targets });
    await send(server.port, call('ask', { url: `${origin}/hidden` }, modern, TRACE));
    await stop(server);
  }
  expect(asked).toEqual([undefined, expect.stringContaining(TRACE)]);
  expect(JSON.stringify(collector.spans)).not.toContain('hidden');
  service.close();
  collector.close();
});

it('calls over stdio are traced, too', async () => {
  const collector = await startCollector();
  const client = new Client({ name: 'test', version: '1.0.0' });
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, DATABASE_URL: databaseUrl() };
  await client.connect(
    new StdioClientTransport({ command: 'node', args: [join(project, 'dist/stdio.js')], env }),
  );
  const _meta = { traceparent: traceparent(TRACE) };
  await client.callTool({ name: 'echo', arguments: {}, _meta });
  await client.close();
  await expect.poll(() => collector.spans.length, { timeout: 5_000 }).toBe(1);
  expect(collector.spans[0]).toMatchObject({ name: 'tools/call echo', traceId: TRACE });
  collector.close();
});

it('without a collector nothing of OpenTelemetry is loaded', async () => {
  const script = `
    const { openHttp } = await import(process.argv[1] + '/kit/serve/http.js');
    const { server } = await import(process.argv[1] + '/server.js');
    const { tracing } = openHttp(server, { env: process.env });
    const span = await tracing.begin({ kind: 'tool', name: 'probe' }, { id: 1 }, '2025');
    span.end('ok');
    const { default: Module } = await import('node:module');
    console.log(Object.keys(Module._cache).filter((path) => path.includes('@opentelemetry')).length);
    process.exit(0);
  `;
  const loaded = async (env: Record<string, string>) => {
    const all = { MCP_API_KEYS: `a:${KEYS.alice}`, DATABASE_URL: databaseUrl(), ...env };
    const args = ['--input-type=module', '--eval', script, await modulesOf(project)];
    const { stdout } = await execa('node', args, { env: all });
    return Number(stdout);
  };
  expect(await loaded({})).toBe(0);
  expect(await loaded({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' })).toBeGreaterThan(0);
});
