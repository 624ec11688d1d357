import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { rateLimits } from '../../src/limits/call-limits.js';
import type { AnyPart } from '../../src/parts.js';
import { policyFile } from '../../src/policy/policy-file.js';
import { callTool, connect, eras, textOf } from '../../src/testing/client.js';
import { newFolder } from '../support/folder.js';
import { newPolicyFile } from '../support/policy.js';
import { hostile, httpUpstream, instances, openGateway } from '../support/upstreams.js';

describe.each(eras)('a client that speaks %s', (era) => {
  test('finds and uses what a server behind the gateway offers', async () => {
    const { url } = await httpUpstream();
    const { app } = await openGateway(instances('shop', [url]));
    const client = await connect(app, era);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['shop_find_order', 'shop_pay', 'shop_wait']);
    expect(tools[0]).toMatchObject({
      title: 'Find order',
      inputSchema: { properties: { id: { type: 'string' } }, required: ['id'] },
      outputSchema: { properties: { total: { type: 'number' } } },
      annotations: { readOnlyHint: true, destructiveHint: true, openWorldHint: true },
    });
    const found = await client.callTool({ name: 'shop_find_order', arguments: { id: '7' } });
    expect(found).toMatchObject({ structuredContent: { id: '7', total: 12 } });
    const { resources } = await client.listResources();
    expect(resources).toMatchObject([{ uri: 'shop+orders://all', name: 'shop_all' }]);
    const read = await client.readResource({ uri: 'shop+orders://all' });
    expect(read.contents).toMatchObject([{ uri: 'shop+orders://all', text: '1, 2, 3' }]);
    const prompt = await client.getPrompt({ name: 'shop_explain', arguments: { id: '7' } });
    expect(prompt.messages).toMatchObject([{ content: { text: 'Explain order 7.' } }]);
  });

  test('gets images and links, whose addresses are those of the gateway', async () => {
    const { url } = await httpUpstream();
    const { app } = await openGateway(instances('shop', [url]));
    const client = await connect(app, era);
    const { content } = await client.callTool({ name: 'shop_pay', arguments: { id: '7' } });
    expect(content).toMatchObject([
      { type: 'image', data: 'aGk=' },
      { type: 'resource_link', uri: 'shop+orders://7' },
    ]);
  });

  test('is told what the server says of wrong arguments and of failures', async () => {
    const { url } = await httpUpstream();
    const { app } = await openGateway(instances('shop', [url]));
    const client = await connect(app, era);
    const wrong = await client.callTool({ name: 'shop_find_order', arguments: { id: 7 } });
    expect(wrong.isError).toBe(true);
    expect(textOf(wrong)).toContain('id');
    const failed = await client.callTool({ name: 'shop_find_order', arguments: { id: 'none' } });
    expect(failed).toMatchObject({ isError: true, content: [{ text: 'There is no such order.' }] });
    await expect(client.callTool({ name: 'shop_x', arguments: {} })).rejects.toThrow('shop_x');
    await expect(client.readResource({ uri: 'shop+orders://none' })).rejects.toMatchObject({
      code: -32602,
    });
  });
});

test.each(['2025-11-25', '2026-07-28'])('an upstream may speak %s alone', async (protocol) => {
  const { url } = await httpUpstream();
  const { app } = await openGateway(instances('shop', [url], `    protocol: "${protocol}"\n`));
  const found = await callTool(app, 'shop_find_order', { id: '7' });
  expect(found).toMatchObject({ structuredContent: { total: 12 } });
});

test('progress and cancellation pass through', async () => {
  const upstream = await httpUpstream();
  const { app } = await openGateway(instances('shop', [upstream.url]));
  const client = await connect(app);
  const onprogress = vi.fn();
  await client.callTool({ name: 'shop_wait', arguments: {} }, { onprogress });
  expect(onprogress).toHaveBeenCalledWith(
    expect.objectContaining({ progress: 1, total: 2, message: 'half' }),
  );
  const cancel = new AbortController();
  const call = client.callTool({ name: 'shop_wait', arguments: {} }, { signal: cancel.signal });
  await vi.waitFor(() => expect(upstream.calls).toEqual(['wait', 'wait']));
  cancel.abort();
  await expect(call).rejects.toThrow();
  await vi.waitFor(() => expect(upstream.calls).toContain('cancelled'));
});

test('an upstream gets the credentials of gateway.yaml, and none of the caller', async () => {
  const upstream = await httpUpstream();
  const headers = `    headers: { authorization: "\${UPSTREAM_TOKEN}" }\n`;
  const { app } = await openGateway(instances('shop', [upstream.url], headers));
  await callTool(app, 'shop_find_order', { id: '7' });
  expect(upstream.headers.length).toBeGreaterThan(1);
  for (const sent of upstream.headers) {
    expect(sent.get('authorization')).toBe('Bearer upstream-secret');
  }
});

test('a process behind the gateway gets no variable of ours but those it is given', async () => {
  const seen = join(newFolder('gateway-env'), 'env.json');
  vi.stubEnv('GATEWAY_TEST_SECRET', 'x');
  onTestFinished(() => void vi.unstubAllEnvs());
  const print = `require('node:fs').writeFileSync('${seen}', JSON.stringify(process.env))`;
  await openGateway(
    `  env:\n    command: ${process.execPath}\n    args: ["-e", "${print}"]\n    env: { GIVEN: "1" }\n`,
  );
  await vi.waitFor(() => expect(existsSync(seen)).toBe(true));
  const env = JSON.parse(readFileSync(seen, 'utf8'));
  expect(env).toMatchObject({ GIVEN: '1', PATH: process.env['PATH'] });
  expect(env).not.toHaveProperty('GATEWAY_TEST_SECRET');
});

describe('gateway.yaml', () => {
  test('counts anew when it has changed: servers come and go, and clients are told', async () => {
    const { url } = await httpUpstream();
    const { app, write } = await openGateway(instances('shop', [url]));
    const told: string[] = [];
    app.changes.listen(({ kind }) => void told.push(kind));
    write(instances('store', [url]));
    await vi.waitFor(() => expect([...app.definitions.tools.keys()]).toContain('store_pay'));
    expect([...app.definitions.tools.keys()]).not.toContain('shop_pay');
    expect(told).toEqual(expect.arrayContaining(['tools_list_changed', 'prompts_list_changed']));
    const client = await connect(app);
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('store_pay');
    write('  7:\n    x: 1\n');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([...app.definitions.tools.keys()]).toContain('store_pay');
  });

  test('a connection of a server that stays is kept', async () => {
    const { url } = await httpUpstream();
    const { app, write } = await openGateway(hostile('answer') + instances('shop', [url]));
    const before = textOf(await callTool(app, 'bad_act'));
    write(hostile('answer'));
    await vi.waitFor(() => expect([...app.definitions.tools.keys()]).toEqual(['bad_act']));
    expect(textOf(await callTool(app, 'bad_act'))).toBe(before);
  });
});

describe('several instances', () => {
  test('share the calls', async () => {
    const all = [await httpUpstream(), await httpUpstream()];
    const { app } = await openGateway(
      instances(
        'shop',
        all.map(({ url }) => url),
      ),
    );
    await vi.waitFor(() => expect(up(app)).toBe(2));
    for (let n = 0; n < 10; n += 1) await callTool(app, 'shop_find_order', { id: '7' });
    expect(all.map(({ calls }) => calls.length)).toEqual([5, 5]);
  });

  test('one that is gone gets no more calls until it is back', async () => {
    const all = [await httpUpstream(), await httpUpstream()];
    const urls = all.map(({ url }) => url);
    const { app } = await openGateway(instances('shop', urls));
    await vi.waitFor(() => expect(up(app)).toBe(2));
    await all[0]?.close();
    for (let n = 0; n < 6; n += 1) {
      expect(await callTool(app, 'shop_pay', { id: '7' })).not.toMatchObject({ isError: true });
    }
    expect(up(app)).toBe(1);
    const again = await httpUpstream(undefined, Number(new URL(urls[0] ?? '').port));
    await vi.waitFor(() => expect(up(app)).toBe(2), 5_000);
    for (let n = 0; n < 4; n += 1) await callTool(app, 'shop_pay', { id: '7' });
    expect(again.calls.length).toBeGreaterThan(0);
  });

  test('only what may be done twice is sent twice', async () => {
    const all = [await httpUpstream(), await httpUpstream()];
    const { app } = await openGateway(
      instances(
        'shop',
        all.map(({ url }) => url),
      ),
    );
    await vi.waitFor(() => expect(up(app)).toBe(2));
    const gone = () => new Response('gone', { status: 502 });
    for (const one of all) one.answerWith = gone;
    const paid = await callTool(app, 'shop_pay', { id: '7' });
    expect(paid).toMatchObject({
      isError: true,
      _meta: { error: { code: 'UPSTREAM_UNAVAILABLE' } },
    });
    expect(textOf(paid)).toContain('may have had its effect');
    const [first] = all;
    if (first !== undefined) first.answerWith = undefined;
    await vi.waitFor(() => expect(up(app)).toBeGreaterThan(0), 5_000);
    await vi.waitFor(async () => {
      const found = await callTool(app, 'shop_find_order', { id: '7' });
      expect(found).not.toMatchObject({ isError: true });
    }, 5_000);
  });
});

test('metrics count requests, connections and instances', async () => {
  const { url } = await httpUpstream();
  const { app } = await openGateway(instances('shop', [url]));
  await callTool(app, 'shop_find_order', { id: '7' });
  const text = app.metrics.registry.text();
  expect(text).toContain('mcp_upstream_instances{upstream="shop",state="up"} 1');
  expect(text).toContain('mcp_upstream_connections_total{upstream="shop",result="ok"} 1');
  expect(text).toMatch(
    /mcp_upstream_request_duration_seconds_count\{upstream="shop",error_type=""\} 1/,
  );
});

function up(app: Awaited<ReturnType<typeof openGateway>>['app']): number {
  const line = /mcp_upstream_instances\{upstream="shop",state="up"\} (\d+)/;
  return Number(line.exec(app.metrics.registry.text())?.[1]);
}

test("the gateway's own policy, limits and audit hold for tools behind it, by their names here", async () => {
  const upstream = await httpUpstream();
  const audit = join(newFolder('gateway-audit'), 'audit.jsonl');
  const policy = newPolicyFile(
    'roles:\n  all: { everyone: true, allowed_tools: ["shop_*"], denied_tools: [shop_pay] }\n',
  );
  const { app } = await openGateway(instances('shop', [upstream.url]), {
    parts: { policy: policyFile(), limits: rateLimits() } as unknown as Record<string, AnyPart>,
    env: {
      POLICY_PATH: policy,
      RATE_LIMIT_PER_MINUTE: '2',
      AUDIT_LOG_PATH: audit,
      LOG_LEVEL: 'error',
    },
  });
  const client = await connect(app);
  await vi.waitFor(async () => {
    const names = (await client.listTools()).tools.map(({ name }) => name);
    expect(names).toEqual(['shop_find_order', 'shop_wait']);
  });
  const pay = { name: 'shop_pay', arguments: { id: '7' } };
  await expect(client.callTool(pay)).rejects.toThrow('shop_pay');
  const find = { name: 'shop_find_order', arguments: { id: '7' } };
  for (const _ of [1, 2]) expect((await client.callTool(find)).isError).toBeFalsy();
  expect(await client.callTool(find)).toMatchObject({
    isError: true,
    _meta: { error: { code: 'RATE_LIMITED' } },
  });
  expect(upstream.calls).toEqual(['find_order', 'find_order']);
  const lines = () => readFileSync(audit, 'utf8').trim().split('\n');
  await vi.waitFor(() => expect(lines()).toHaveLength(3));
  expect(lines().map((line) => JSON.parse(line))).toMatchObject([
    { name: 'shop_find_order', outcome: 'ok' },
    { name: 'shop_find_order', outcome: 'ok' },
    { name: 'shop_find_order', outcome: 'RATE_LIMITED' },
  ]);
});
