/** Memory stays where it is, however many calls there are and whatever clients leave behind. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { faultsProject, startUnlimited } from '../support/faults-project.js';
import { legacy, modern, send } from '../support/hostile-project.js';
import { MEMORY_PROBE, memoryOf } from '../support/preload.js';
import { type RunningHttp, stop } from '../support/server.js';

const MB = 1_000_000;

let project: string;
beforeAll(async () => {
  project = await faultsProject();
});

async function serve(): Promise<RunningHttp> {
  const server = await startUnlimited(project, { ...MEMORY_PROBE, LOG_LEVEL: 'error' });
  onTestFinished(async () => void (await stop(server)));
  return server;
}

/** A request as it is sent. */
function bytes({ headers, body }: ReturnType<typeof modern>): string {
  const text = JSON.stringify(body);
  const lines = Object.entries({
    host: 'localhost',
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  return `POST /mcp HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${text}`;
}

const echo = { name: 'echo', arguments: { value: 'some text of a usual length' } };
const CALLS = [modern('tools/call', echo), legacy('tools/call', echo)].map(bytes);
const OTHERS = [
  modern('tools/call', { name: 'nobody', arguments: {} }),
  legacy('tools/call', { name: 'echo', arguments: { value: 7 } }),
  modern('tools/list'),
  legacy('tools/list'),
  modern('prompts/list'),
  legacy('resources/list'),
].map(bytes);

const CONNECTIONS = 8;
const AT_ONCE = 16;

/**
 * Sends this many requests over a few connections, several at once on each, and waits for all answers. One in a hundred is no call
 * or a wrong one. @returns how many results came.
 */
async function exchangeMany(port: number, count: number): Promise<number> {
  let results = 0;
  const client = async (first: number) => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    let sent = 0;
    let answered = 0;
    const send = () => {
      let text = '';
      for (; sent < count / CONNECTIONS && sent - answered < AT_ONCE; sent += 1) {
        text += requestOf(first + sent);
      }
      if (text !== '') socket.write(text);
    };
    send();
    const answers = counter('HTTP/1.1 ');
    const found = counter('"structuredContent":{"value":"some text');
    for await (const chunk of socket) {
      answered = answers(chunk);
      found(chunk);
      send();
      if (answered >= count / CONNECTIONS) break;
    }
    results += found('');
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, index) => client(index * 1_000)));
  return results;
}

function requestOf(number: number): string {
  const isOther = number % 100 === 99;
  const choices = isOther ? OTHERS : CALLS;
  return choices[Math.floor(number / (isOther ? 100 : 1)) % choices.length] ?? '';
}

/** Counts a text in a stream, also where it is cut in two. */
function counter(text: string): (chunk: Buffer | string) => number {
  let count = 0;
  let tail = '';
  return (chunk) => {
    const seen = tail + chunk.toString('latin1');
    count += seen.split(text).length - 1;
    tail = seen.slice(1 - text.length);
    return count;
  };
}

test('100,000 calls of both eras leave nothing behind', { timeout: 180_000 }, async () => {
  const server = await serve();
  const calls = async (count: number) => {
    const results = await exchangeMany(server.port, count);
    expect(results).toBeGreaterThan(count * 0.98);
    return await memoryOf(server);
  };
  await calls(10_000);
  await calls(40_000);
  const middle = await calls(10_000);
  const after = await calls(40_000);
  expect(after.heapUsed - middle.heapUsed, 'bytes more on the heap').toBeLessThan(2 * MB);
  expect(after.external - middle.external).toBeLessThan(2 * MB);
  expect(after.rss - middle.rss, 'bytes more in all').toBeLessThan(40 * MB);
  expect(after.rss).toBeLessThan(150 * MB);
});

test('2,000 clients of the older era that begin and go away leave nothing behind', {
  timeout: 120_000,
}, async () => {
  const server = await serve();
  const clientInfo = { name: 'test', version: '1.0.0' };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  const initialize = bytes(legacy('initialize', params));
  const abandon = async (number: number) => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    // Some go in the middle of their request, some before the answer, some after it.
    socket.write(number % 3 === 0 ? initialize.slice(0, -20) : initialize);
    if (number % 3 === 2) await once(socket, 'data');
    socket.destroy();
  };
  const abandonMany = async (count: number) => {
    for (let done = 0; done < count; done += 20) {
      await Promise.all(Array.from({ length: 20 }, (_, index) => abandon(done + index)));
    }
    return await memoryOf(server);
  };
  // The MCP SDK is loaded with the first request that is not plain.
  await send(server.port, legacy('completion/complete', {}));
  await abandonMany(500);
  const before = await abandonMany(200);
  const after = await abandonMany(2_000);
  // A server that stays for each of them would be a hundred times that.
  expect(after.heapUsed - before.heapUsed, 'bytes more on the heap').toBeLessThan(4 * MB);
  expect(after.external - before.external).toBeLessThan(2 * MB);
  expect(after.rss).toBeLessThan(200 * MB);
  expect(await exchangeMany(server.port, 80)).toBeGreaterThan(70);
});
