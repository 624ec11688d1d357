import { expect, test, vi } from 'vitest';
import { callTool, connect, textOf } from '../../src/testing/client.js';
import { hostile, httpUpstream, instances, openGateway } from '../support/upstreams.js';

// What a server behind the gateway may do without harm to the others.

const names = (app: Awaited<ReturnType<typeof openGateway>>['app']) => [
  ...app.definitions.tools.keys(),
];

test('a list that is too long is cut', async () => {
  const { app } = await openGateway(hostile('many tools'));
  expect(names(app)).toHaveLength(500);
});

test('pages that never end do end', async () => {
  const { app } = await openGateway(hostile('endless pages'));
  expect(names(app)).toHaveLength(64);
});

test('a definition that is too long is left out', async () => {
  const { app } = await openGateway(hostile('giant tool'));
  expect(names(app)).toEqual(['bad_small']);
});

test('names that clients refuse are replaced or left out, and none is a property of objects', async () => {
  const { app } = await openGateway(hostile('strange names'));
  expect(names(app)).toEqual(['bad_a_b', 'bad___proto__', 'bad_constructor']);
});

test('what nobody can see does not reach a model', async () => {
  const { app } = await openGateway(hostile('hidden text'));
  expect(app.definitions.tools.get('bad_plain')?.description).toBe('Adds numbers.');
});

test('a template that takes long to match is left out', async () => {
  const { app } = await openGateway(hostile('answer'));
  expect(app.definitions.resources).toEqual([]);
});

test('no answer is a timeout', async () => {
  const { app } = await openGateway(hostile('no answer', '    timeoutMs: 200\n'));
  const result = await callTool(app, 'bad_act');
  expect(result).toMatchObject({ isError: true, _meta: { error: { code: 'TIMEOUT' } } });
});

test('a process that does not answer probes is started anew', async () => {
  const quick = '    timeoutMs: 5000\n    probeEveryMs: 100\n    probeTimeoutMs: 100\n';
  const { app } = await openGateway(hostile('frozen', quick));
  const result = await callTool(app, 'bad_act');
  expect(result).toMatchObject({ _meta: { error: { code: 'UPSTREAM_UNAVAILABLE' } } });
});

test('an answer that is no MCP is an error, and the next call is answered', async () => {
  const { app } = await openGateway(hostile('garbage'));
  const result = await callTool(app, 'bad_act');
  expect(result).toMatchObject({ isError: true, _meta: { error: { code: 'UPSTREAM_INVALID' } } });
});

test('an answer that is larger than the cap of all tools is refused', async () => {
  const { app } = await openGateway(hostile('large answer'), { env: { MAX_OUTPUT_BYTES: '1000' } });
  const result = await callTool(app, 'bad_act');
  expect(result).toMatchObject({ _meta: { error: { code: 'OUTPUT_TOO_LARGE' } } });
});

test('a giant answer ends the connection, not this process', async () => {
  const { app } = await openGateway(hostile('giant answer'));
  const result = await callTool(app, 'bad_act');
  expect(result).toMatchObject({ _meta: { error: { code: 'UPSTREAM_UNAVAILABLE' } } });
});

test('a giant answer over HTTP ends, too', async () => {
  const upstream = await httpUpstream();
  const { app } = await openGateway(instances('shop', [upstream.url]));
  upstream.answerWith = () => {
    const chunk = new TextEncoder().encode('x'.repeat(1_000_000));
    let left = 50;
    const body = new ReadableStream({
      pull(controller) {
        left -= 1;
        if (left > 0) controller.enqueue(chunk);
        else controller.close();
      },
    });
    return new Response(body, { headers: { 'content-type': 'application/json' } });
  };
  const result = await callTool(app, 'shop_pay', { id: '1' });
  expect(result).toMatchObject({ isError: true });
  expect(['UPSTREAM_UNAVAILABLE', 'UPSTREAM_INVALID']).toContain(
    (result._meta as { error: { code: string } }).error.code,
  );
});

test('a process that ends is started again', async () => {
  const { app } = await openGateway(hostile('exit'));
  const result = await callTool(app, 'bad_act');
  expect(result).toMatchObject({ _meta: { error: { code: 'UPSTREAM_UNAVAILABLE' } } });
  await vi.waitFor(async () => {
    const next = await callTool(app, 'bad_act');
    expect(textOf(next)).toContain('may have had its effect');
  }, 5_000);
});

test('what a server says of an error is cut', async () => {
  const { app } = await openGateway(hostile('error'));
  const result = await callTool(app, 'bad_act');
  expect(result).toMatchObject({ _meta: { error: { code: 'UPSTREAM_REJECTED' } } });
  expect(textOf(result).length).toBeLessThan(600);
});

test('a server that is silent delays the start, and holds up no other', async () => {
  const { url } = await httpUpstream();
  const silent = hostile('silent at start', '    connectTimeoutMs: 300\n');
  const { app } = await openGateway(silent + instances('shop', [url]));
  const client = await connect(app);
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('shop_pay');
});

test('a redirect is not followed: it would take the credentials along', async () => {
  const upstream = await httpUpstream();
  const thief = await httpUpstream();
  upstream.answerWith = () => new Response(null, { status: 307, headers: { location: thief.url } });
  await openGateway(instances('shop', [upstream.url]));
  expect(thief.headers).toEqual([]);
});

test('a tool whose definition is not the pinned one is withheld', async () => {
  const wrong = `sha256-${'x'.repeat(43)}`;
  const { app } = await openGateway(hostile('answer', `    pins: { act: ${wrong} }\n`));
  expect(names(app)).toEqual([]);
});
