import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { Answer, Incoming } from '../../src/http/exchange.js';
import { createNodeServer } from '../../src/serve/node-server.js';

/** Serves `answer`; gives the address. */
async function serve(answer: (request: Incoming) => Promise<Answer>): Promise<string> {
  const server = createNodeServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const bodies: readonly [string, Answer['body'], string][] = [
  ['a text', 'né', 'né'],
  ['parts', ['n', 'é'].map((part) => Buffer.from(part)), 'né'],
  ['a stream', new Blob(['né']).stream(), 'né'],
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
});
