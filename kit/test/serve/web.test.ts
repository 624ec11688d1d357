import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { rolldown } from 'rolldown';
import { beforeAll, describe, expect, test } from 'vitest';

const NEUTRAL = fileURLToPath(new URL('../fixtures/neutral/', import.meta.url));

/**
 * Bundles an entry for a platform that has web standards and nothing else. `workerd`: the MCP SDK has a build for workers, and takes
 * that for Node.js by default.
 * @returns the code as a script that sets `bundle`, and every import that is left in it
 */
async function bundled(entry: string) {
  const bundle = await rolldown({
    input: entry,
    platform: 'neutral',
    resolve: { conditionNames: ['workerd', 'import', 'default'], mainFields: ['module', 'main'] },
    onLog() {},
  });
  const { output } = await bundle.generate({
    format: 'iife',
    name: 'bundle',
    codeSplitting: false,
  });
  await bundle.close();
  const [{ code, fileName, imports, dynamicImports, moduleIds }] = output;
  const left = [...imports, ...dynamicImports].filter((name) => name !== fileName);
  return { code, imports: left, moduleIds };
}

/** What is called in the code of a bundle, whoever resolves it. */
const CALLED = /\b(?:require|import|getBuiltinModule)\(\s*['"`]([^'"`]+)/g;
const isBuiltin = (name: string) => name.startsWith('node:') || builtinModules.includes(name);

const WEB = {
  ...{ AbortController, AbortSignal, Blob, ByteLengthQueuingStrategy, Event, EventTarget },
  ...{ Headers, ReadableStream, Request, Response, TextDecoder, TextDecoderStream, TextEncoder },
  ...{ TransformStream, URL, URLSearchParams, WritableStream },
  ...{ atob, btoa, clearInterval, clearTimeout, crypto, fetch, performance, queueMicrotask },
  ...{ structuredClone },
  // As on the web, a timer is a number.
  setTimeout: (...args: Parameters<typeof setTimeout>) => Number(setTimeout(...args).unref()),
  setInterval: (...args: Parameters<typeof setInterval>) => Number(setInterval(...args).unref()),
};

interface Neutral {
  fetch(request: Request, sender?: string): Promise<Response>;
  close(): Promise<void>;
  readonly lines: readonly string[];
}

const KEY = 'b3Qz7LmT2xWq9KcV';
const ENV = {
  MCP_API_KEYS: `alice:${KEY}`,
  OAUTH_ISSUER: 'https://issuer.example',
  PUBLIC_URL: 'https://mcp.example',
};

describe('the core of the kit, with the web-standard entry', () => {
  let bundle: Awaited<ReturnType<typeof bundled>>;
  beforeAll(async () => {
    bundle = await bundled(`${NEUTRAL}entry.ts`);
  }, 60_000);

  function start(): Neutral {
    const context = createContext({ ...WEB });
    runInContext(bundle.code, context);
    const globals = runInContext('Object.getOwnPropertyNames(globalThis)', context);
    for (const name of ['process', 'Buffer', 'require', 'setImmediate', 'global']) {
      expect(globals).not.toContain(name);
    }
    return runInContext(`bundle.start(${JSON.stringify(ENV)})`, context);
  }

  const send = (server: Neutral, message: object, headers: Record<string, string> = {}) =>
    server.fetch(
      new Request('https://mcp.example/mcp', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          host: 'mcp.example',
          'x-api-key': KEY,
          ...headers,
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }),
      }),
      '203.0.113.7',
    );

  /** The message in an answer, which is JSON or an event. */
  async function messageOf(response: Response) {
    const text = await response.text();
    return JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text);
  }

  const call = { method: 'tools/call', params: { name: 'add', arguments: { a: 2, b: 3 } } };
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };

  test('reaches no module of Node.js', () => {
    expect(bundle.imports).toEqual([]);
    const called = [...bundle.code.matchAll(CALLED)].map(([, name = '']) => name);
    expect(called.filter(isBuiltin)).toEqual([]);
    const ofNode = /\/src\/(?:host\/node|stdio|store)\/|pino|ioredis/;
    expect(bundle.moduleIds.filter((id) => ofNode.test(id))).toEqual([]);
  });

  test('answers a call of 2025-11-25', async () => {
    const server = start();
    const response = await send(server, call, { 'mcp-protocol-version': '2025-11-25' });
    expect(response.status).toBe(200);
    expect(await messageOf(response)).toMatchObject({
      id: 1,
      result: { structuredContent: { sum: 5 }, content: [{ type: 'text', text: '{"sum":5}' }] },
    });
    await server.close();
  });

  test('answers a call of 2026-07-28', async () => {
    const server = start();
    const response = await send(
      server,
      { ...call, params: { ...call.params, _meta: meta } },
      { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'add' },
    );
    expect(response.status).toBe(200);
    expect(await messageOf(response)).toMatchObject({
      id: 1,
      result: { resultType: 'complete', structuredContent: { sum: 5 } },
    });
    await server.close();
  });

  test('answers what only the MCP SDK can: bytes, pages, sessions', async () => {
    const server = start();
    const read = { method: 'resources/read', params: { uri: 'data:///bytes' } };
    expect(await messageOf(await send(server, read))).toMatchObject({
      result: { contents: [{ blob: 'AID/' }] },
    });
    const typed = { method: 'resources/read', params: { uri: 'item:///0' } };
    expect(await messageOf(await send(server, typed))).toMatchObject({
      result: { contents: [{ uri: 'item:///0', mimeType: 'text/html', text: '<p>0' }] },
    });

    const { result: first } = await messageOf(await send(server, { method: 'resources/list' }));
    expect(first.resources).toHaveLength(100);
    const rest = { method: 'resources/list', params: { cursor: first.nextCursor } };
    const { result: last } = await messageOf(await send(server, rest));
    expect(last.resources).toHaveLength(51);
    const forged = { method: 'resources/list', params: { cursor: `${first.nextCursor}AAAA` } };
    expect(await messageOf(await send(server, forged))).toHaveProperty('error.code', -32_602);

    const initialize = {
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'test', version: '1.0.0' },
      },
    };
    const begun = await send(server, initialize);
    expect(begun.headers.get('mcp-session-id')).toMatch(/^[\w-]{43}$/);
    await begun.body?.cancel();
    await server.close();
  });

  const wait = (ms: number) => ({
    method: 'tools/call',
    params: { name: 'wait', arguments: { ms } },
  });

  test('ends when the answers under way are read, or nobody reads them', async () => {
    const server = start();
    const [read, left] = await Promise.all([send(server, wait(300)), send(server, wait(10_000))]);
    const closing = server.close();
    await left.body?.cancel();
    expect(await messageOf(read)).toMatchObject({ result: { structuredContent: {} } });
    await closing;
    const outcomes = server.lines.map((line) => JSON.parse(line).outcome).filter(Boolean);
    expect(outcomes).toEqual(['CANCELLED', 'ok']);
  });

  test('passes the same guards and the same audit log', async () => {
    const server = start();
    expect((await send(server, call, { 'x-api-key': `${KEY}x` })).status).toBe(401);
    expect((await send(server, call, { host: 'evil.example' })).status).toBe(403);
    expect((await send(server, call)).status).toBe(200);
    const audit = server.lines.map((line) => JSON.parse(line)).filter(({ type }) => type);
    expect(audit).toMatchObject([
      { type: 'audit', principal: 'alice', name: 'add', outcome: 'ok' },
    ]);
    expect(audit[0].arguments).toMatch(/^sha256:[0-9a-f]{64}$/);
    await server.close();
    const readiness = await server.fetch(new Request('https://mcp.example/readyz'));
    expect(readiness.status).toBe(503);
  });
});

test('a bundle of the entry for Node.js is found to need Node.js', async () => {
  const entry = fileURLToPath(new URL('../../src/serve/http.ts', import.meta.url));
  const { imports } = await bundled(entry);
  expect(imports).toContain('node:crypto');
}, 60_000);
