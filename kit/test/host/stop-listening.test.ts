import { once } from 'node:events';
import { Agent, createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { stopListening } from '../../src/serve/node-server.js';

const calm = new AbortController().signal;

async function start(): Promise<{ server: Server; fetchText: () => Promise<string> }> {
  const server = createServer((_, response) => response.end('answer'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => {
    agent.destroy();
    server.closeAllConnections();
  });
  const fetchText = async () => {
    const [response] = await once(get({ port, host: '127.0.0.1', agent }), 'response');
    return await text(response);
  };
  return { server, fetchText };
}

test('a request that comes at the last moment is answered', async () => {
  const { server, fetchText } = await start();
  await fetchText();
  const stopped = stopListening(server, 0, calm);
  await sleep(50);
  expect(await fetchText()).toBe('answer');
  await stopped;
  expect(server.listening).toBe(false);
  await expect(fetchText()).rejects.toThrow();
});

test('without connections there is nothing to wait for', async () => {
  const { server } = await start();
  const stopped = stopListening(server, 0, calm);
  await sleep(50);
  expect(server.listening).toBe(false);
  await stopped;
});

test('in a hurry it waits for nobody', async () => {
  const { server, fetchText } = await start();
  await fetchText();
  const hurry = new AbortController();
  const stopped = stopListening(server, 600_000, hurry.signal);
  hurry.abort();
  await stopped;
  expect(server.listening).toBe(false);
});
