import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { runSmoke, type SmokeOptions } from '../../src/smoke/index.js';
import { ServerProcess } from '../../src/smoke/server-process.js';
import { lines, notOk, SERVERS } from './fixtures.js';

const started: ServerProcess[] = [];
afterEach(async () => {
  for (const server of started.splice(0)) await server.kill();
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

/** A server that somebody else started. */
async function strangersServer(env: Record<string, string>): Promise<URL> {
  const port = await freePort();
  const url = new URL(`http://127.0.0.1:${port}/mcp`);
  started.push(
    new ServerProcess(`${SERVERS}/http.mjs`, {
      cwd: SERVERS,
      env: { HOST: '127.0.0.1', PORT: String(port), ...env },
    }),
  );
  for (let tries = 0; tries < 200; tries += 1) {
    const up = await fetch(new URL('/healthz', url)).catch(() => null);
    if (up) return url;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the fixture did not start');
}

const smokeUrl = (url: URL, options: Partial<SmokeOptions> = {}) =>
  runSmoke({ target: { kind: 'url', url }, env: process.env, timeoutMs: 3000, ...options });

test('proves a running server and leaves it running', async () => {
  const url = await strangersServer({ API_KEY: 'a-key-of-the-user' });
  const report = await smokeUrl(url, { headers: { authorization: 'Bearer a-key-of-the-user' } });
  expect(notOk(report).every((line) => line.includes('read a resource: unproven'))).toBe(true);
  expect(report.ok).toBe(true);
  for (const step of [
    'http · 2025-11-25 · connect: ok',
    'http · 2026-07-28 · call search_notes: ok (the result matches its output schema)',
    'http · 401 without a key: ok (401, WWW-Authenticate)',
    'http · foreign Origin refused: ok (403)',
    'http · healthz: ok (200)',
  ]) {
    expect(lines(report.steps)).toContain(step);
  }
  expect(lines(report.steps).join('\n')).not.toMatch(/create_note|SIGTERM|start/);
  expect((await fetch(new URL('/healthz', url))).status).toBe(200);
});

test('says what to do when the server asks for a key', async () => {
  const url = await strangersServer({ API_KEY: 'a-key-of-the-user' });
  const report = await smokeUrl(url);
  expect(report.ok).toBe(false);
  expect(notOk(report)).toEqual([
    expect.stringMatching(/2025-11-25 · connect: failed .*--header 'Authorization: Bearer <key>'/),
    expect.stringMatching(/2026-07-28 · connect: failed .*--header 'Authorization: Bearer <key>'/),
  ]);
});

test('one era is enough for a foreign server', async () => {
  const url = await strangersServer({ FAULT: 'modern-only' });
  const report = await smokeUrl(url);
  expect(report.ok).toBe(true);
  expect(notOk(report)).toContainEqual(
    expect.stringMatching(
      /^http · 2025-11-25 · connect: unproven \(the server does not support 2025/,
    ),
  );
  expect((await smokeUrl(url, { strict: true })).ok).toBe(false);
});

test('a local server that answers any site fails', async () => {
  const report = await smokeUrl(await strangersServer({ FAULT: 'any-origin' }));
  expect(report.ok).toBe(false);
  expect(lines(report.steps)).toContainEqual(
    expect.stringMatching(/^http · foreign Origin refused: failed/),
  );
});

test('nobody there', async () => {
  const report = await smokeUrl(new URL(`http://127.0.0.1:${await freePort()}/mcp`));
  expect(report.ok).toBe(false);
  expect(lines(report.steps)).toEqual([
    expect.stringMatching(/2025-11-25 · connect: failed \(fetch failed: .*ECONNREFUSED/),
    expect.stringMatching(/2026-07-28 · connect: failed \(.*ECONNREFUSED/),
  ]);
});

test('a server that accepts connections and never answers', async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const report = await smokeUrl(new URL(`http://127.0.0.1:${port}/mcp`), { timeoutMs: 500 });
  silent.close();
  expect(report.ok).toBe(false);
  expect(lines(report.steps)).toEqual([
    'http · 2025-11-25 · connect: failed (no answer within 0.5 s)',
    'http · 2026-07-28 · connect: failed (no answer within 0.5 s)',
  ]);
});
