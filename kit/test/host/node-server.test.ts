import { once } from 'node:events';
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { nodeHost } from '../../src/host/node/host.js';
import type { HttpRequest, HttpResponse, StreamedBody } from '../../src/parts.js';
import { createNodeServer } from '../../src/serve/node-server.js';
import { createLogger } from '../../src/telemetry/logger.js';

const log = createLogger(nodeHost, 'silent', 'test');
const logged = vi.spyOn(log, 'error');
afterEach(() => void logged.mockClear());

/** Serves `answer`; gives the address. */
async function serve(answer: (request: HttpRequest) => Promise<HttpResponse>): Promise<string> {
  const server = createNodeServer(answer, log);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A body that is written in these parts. */
function written(...parts: string[]): StreamedBody {
  return {
    start({ write, end }) {
      parts.forEach(write);
      end();
    },
  };
}

const bodies: readonly [string, HttpResponse['body'], string][] = [
  ['a text', 'né', 'né'],
  ['parts', ['n', 'é'].map((part) => Buffer.from(part)), 'né'],
  ['a stream', new Blob(['né']).stream(), 'né'],
  ['written as it comes', written('n', 'é'), 'né'],
  ['nothing', null, ''],
];

test.each(bodies)('the body is %s', async (_, body, sent) => {
  const url = await serve(async () => ({ status: 200, headers: {}, body }));
  expect(await (await fetch(url)).text()).toBe(sent);
});

test('an answer that cannot be sent costs none of those that are sent with it', async () => {
  let arrived = 0;
  let allThere: (value?: unknown) => void;
  const gate = new Promise((resolve) => {
    allThere = resolve;
  });
  const url = await serve(async ({ path }) => {
    arrived += 1;
    if (arrived === 3) allThere();
    await gate;
    return { status: 200, headers: { 'x-path': path === '/bad' ? 'a\nb' : 'good' }, body: path };
  });
  const asked = ['/bad', '/one', '/two'].map(async (path) => (await fetch(url + path)).text());
  const [bad, ...good] = await Promise.allSettled(asked);
  expect(bad).toMatchObject({ status: 'rejected' });
  expect(good).toMatchObject([{ value: '/one' }, { value: '/two' }]);
  expect(logged).toHaveBeenCalledOnce();
});

const unsendable: readonly [string, () => Promise<HttpResponse>][] = [
  [
    'a line break in a header',
    async () => ({ status: 401, headers: { 'www-authenticate': 'Bearer\n' }, body: '' }),
  ],
  [
    'a letter beyond Latin-1',
    async () => ({ status: 401, headers: { 'www-authenticate': 'Bearer Ω' }, body: '' }),
  ],
  ['no answer', () => Promise.reject(new Error('broken'))],
  ['a stream that breaks', async () => ({ status: 200, headers: {}, body: brokenStream() })],
];

function brokenStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (target) => target.error(new Error('broken')) });
}

test.each(unsendable)('an answer that cannot be sent is logged: %s', async (_, answer) => {
  const url = await serve(answer);
  await expect(fetch(url).then((response) => response.text())).rejects.toThrow();
  expect(logged).toHaveBeenCalledExactlyOnceWith(
    { err: expect.any(Error) },
    'an answer cannot be sent',
  );
});

test('a client that leaves its stream is not', async () => {
  const url = await serve(async () => ({ status: 200, headers: {}, body: new ReadableStream() }));
  const leaving = new AbortController();
  const response = await fetch(url, { signal: leaving.signal });
  leaving.abort();
  await expect(response.text()).rejects.toThrow();
  // A request after it has been answered when the end of the one before was seen.
  await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(200) }).catch(() => {});
  expect(logged).not.toHaveBeenCalled();
});

test('a client that does not read what is written for it loses its connection', async () => {
  const chunk = 'x'.repeat(100_000);
  let settle = (_: boolean) => {};
  const isCut = new Promise<boolean>((resolve) => {
    settle = resolve;
  });
  const url = await serve(async (request) => ({
    status: 200,
    headers: {},
    body: {
      async start({ write }) {
        request.whenOver(() => settle(true));
        // More than the buffers on the way hold.
        for (let written = 0; written < 500; written += 1) {
          write(chunk);
          await new Promise(setImmediate);
        }
        settle(false);
      },
    },
  }));
  const sent = get(url, { agent: false }).on('error', () => {});
  const [response] = await once(sent, 'response');
  response.on('error', () => {});
  expect(await isCut).toBe(true);
});

test('a client that reads gets everything, however long the last part and however many before it', async () => {
  const chunk = 'x'.repeat(1_000);
  const warned = vi.spyOn(process, 'emitWarning');
  const url = await serve(async () => ({
    status: 200,
    headers: {},
    body: {
      async start({ write, end }) {
        for (let written = 0; written < 5_000; written += 1) await write(chunk);
        end('y'.repeat(3_000_000));
      },
    },
  }));
  const text = await fetch(url).then((response) => response.text());
  expect(text.length).toBe(8_000_000);
  expect(warned).not.toHaveBeenCalled();
});
