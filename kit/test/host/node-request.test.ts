import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { nodeHost } from '../../src/host/node/host.js';
import { createNodeServer } from '../../src/serve/node-server.js';
import { createLogger } from '../../src/telemetry/logger.js';

/** What the guards see of a header that is sent in these lines. */
async function seen(name: string, values: readonly string[]): Promise<string | null | undefined> {
  let header: string | null | undefined;
  const server = createNodeServer(
    async ({ headers }) => {
      header = headers.get(name);
      return { status: 200, headers: {}, body: null };
    },
    createLogger(nodeHost, 'silent', 'test'),
  ).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const headers = ['host', 'localhost', ...values.flatMap((value) => [name, value])];
  const sent = request({ host: '127.0.0.1', port, headers, agent: false }).end();
  const [response] = await once(sent, 'response');
  response.resume();
  return header;
}

test.each(['authorization', 'content-type', 'origin', 'x-api-key'])(
  'the guards see every value of %s',
  async (name) => {
    expect(await seen(name, ['one'])).toBe('one');
    expect(await seen(name, ['one', 'another'])).toBe('one, another');
    expect(await seen(name, [])).toBe(null);
  },
);
