import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { expect, onTestFinished, test } from 'vitest';
import { eras } from '../../src/testing/client.js';
import { testEnv } from '../support/app.js';
import { FIXTURE } from '../support/fixture.js';

/** The built fixture. */
const script = join(FIXTURE, 'dist/stdio.js');

async function start(nodeArgs: string[] = []): Promise<ChildProcess> {
  const env = { ...process.env, ...(await testEnv()) };
  const child = spawn(process.execPath, [...nodeArgs, script], { env, stdio: 'pipe' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

test.each(eras)('a client that speaks %s lists the tools', async (era) => {
  const mode = era === '2025-11-25' ? ('legacy' as const) : { pin: era };
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode } });
  const env = { ...(process.env as Record<string, string>), ...(await testEnv()) };
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [script], env }),
  );
  onTestFinished(() => client.close());
  expect((await client.listTools()).tools).not.toEqual([]);
});

/** Prints as soon as the server reads its input. */
const noisy = `process.stdin.once('newListener', () => setImmediate(() => {
  console.log('noise');
  process.stdout.write('more noise');
}))`;

test('whatever a dependency prints stays out of the protocol', async () => {
  const server = await start(['--import', `data:text/javascript,${encodeURIComponent(noisy)}`]);
  let stdout = '';
  server.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  const [printed] = await once(server.stderr as NodeJS.ReadableStream, 'data');
  expect(String(printed)).toContain('noise');
  server.stdin?.end();
  await once(server, 'exit');
  expect(stdout).toBe('');
});

test('a message of more than 10 MB ends it, and its exit code says so', async () => {
  const server = await start();
  server.stdin?.on('error', () => {}).write('a'.repeat(11_000_000));
  expect(await once(server, 'exit')).toEqual([1, null]);
});

test('what was asked before the end of the input is answered', async () => {
  const server = await start();
  let stdout = '';
  server.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  server.stdin?.end('{"jsonrpc":"2.0","id":7,"method":"tools/list"}\n');
  expect(await once(server, 'exit')).toEqual([0, null]);
  expect(JSON.parse(stdout)).toMatchObject({ id: 7, result: { tools: expect.any(Array) } });
});

test('it ends when nobody reads its output', async () => {
  const server = await start();
  server.stdout?.destroy();
  server.stdin?.on('error', () => {}).write('{"jsonrpc":"2.0","id":7,"method":"tools/list"}\n');
  expect(await once(server, 'exit')).toEqual([0, null]);
});

test('it ends when the client closes its input', async () => {
  const server = await start();
  server.stdin?.end();
  expect(await once(server, 'exit')).toEqual([0, null]);
});
