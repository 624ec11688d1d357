import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod/v4';
import { basic, bearer, keyHeader, keyQuery } from '../../src/outbound/credentials.js';
import type { HttpApi } from '../../src/outbound/http-api.js';
import { clientOf, remote, sendJson, unusedAddress } from '../support/remote.js';

const { signal } = new AbortController();
const schema = z.object({ id: z.number() });
const one = { id: 1 };
const SECRET = 'sk-hunter2-hunter2';

/** How a request fails. */
async function failure(work: Promise<unknown>) {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error as { code: string; message: string; retryable: boolean; retryAfter?: number };
}

describe('a request', () => {
  test('has its path, query, body and headers as the API wants them', async () => {
    const { url, requests } = await remote((request, response) => {
      let body = '';
      request.on('data', (part) => {
        body += part;
      });
      request.on('end', () => sendJson(response, { id: body.length }));
    });
    const { api } = clientOf(`${url}/v2`, { credential: bearer(SECRET) });
    const answer = await api.post('/users/{user}/files/{+path}', {
      schema,
      signal,
      params: { user: 'a/../b?c#d', path: 'docs/ä b.md' },
      query: { tag: ['x', 'y&z'], page: 2, none: undefined },
      body: { text: 'hi' },
    });
    expect(answer).toEqual({ id: '{"text":"hi"}'.length });
    const [sent] = requests;
    expect(sent?.url).toBe(
      '/v2/users/a%2F..%2Fb%3Fc%23d/files/docs/%C3%A4%20b.md?tag=x&tag=y%26z&page=2',
    );
    expect(sent?.headers).toMatchObject({
      accept: 'application/json',
      authorization: `Bearer ${SECRET}`,
      'content-type': 'application/json',
      'user-agent': 'test/1.0.0',
    });
  });

  test.each<[string, Record<string, string>, string]>([
    ['/users/{id}', { id: '..' }, '..'],
    ['/users/{id}', { id: '.' }, '.'],
    ['/users/{id}', { id: '' }, ''],
    ['/users/{id}', { id: '\ud800' }, '\ud800'],
    ['/files/{+path}', { path: 'a/../../admin' }, 'a/../../admin'],
    ['/files/{+path}', { path: '/etc' }, '/etc'],
  ])('to %s with %j is refused: it would go elsewhere', async (path, params, text) => {
    const { url, requests } = await remote((_, response) => sendJson(response, one));
    const { api } = clientOf(url);
    const error = await failure(api.get(path, { schema, signal, params }));
    expect(error).toMatchObject({ code: 'INVALID_INPUT', text });
    expect(requests).toEqual([]);
  });

  test.each([
    ['basic', basic('me', 'p:ä'), { authorization: `Basic ${btoa('me:p:Ã¤')}` }],
    ['a header', keyHeader('X-Api-Key', SECRET), { 'x-api-key': SECRET }],
  ])('carries a credential as %s', async (_, credential, headers) => {
    const { url, requests } = await remote((__, response) => sendJson(response, one));
    await clientOf(url, { credential }).api.get('/', { schema, signal });
    expect(requests[0]?.headers).toMatchObject(headers);
  });

  test('carries a key in the query, and one that changes', async () => {
    const { url, requests } = await remote((_, response) => sendJson(response, one));
    let count = 0;
    const credential = async () => {
      count += 1;
      return keyQuery('key', `k${count}`);
    };
    const { api } = clientOf(url, { credential });
    await api.get('/', { schema, signal });
    await api.get('/', { schema, signal });
    expect(requests.map((request) => request.url)).toEqual(['/?key=k1', '/?key=k2']);
  });

  test('with what no header can carry shows nothing of it', async () => {
    expect(() => bearer('a\nb')).toThrow(/^(?!.*a\nb)/s);
    const { api } = clientOf('http://127.0.0.1:1');
    const error = await failure(api.get('/', { signal, headers: { 'x-key': `${SECRET}\nx: y` } }));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).not.toContain(SECRET);
  });
});

describe('an answer that is not what it should be', () => {
  test.each<[string, (r: import('node:http').ServerResponse) => void]>([
    ['wrong JSON', (r) => r.writeHead(200, { 'content-type': 'application/json' }).end('{"id":')],
    ['a page of HTML', (r) => r.writeHead(200, { 'content-type': 'text/html' }).end('<p>')],
    ['no content type', (r) => r.writeHead(200).end('{"id":1}')],
    [
      'bytes that are no text',
      (r) =>
        r
          .writeHead(200, { 'content-type': 'application/json' })
          .end(Buffer.from([0x22, 0xff, 0x22])),
    ],
    ['another shape', (r) => sendJson(r, { id: 'a-secret-of-somebody' })],
    ['no body', (r) => r.writeHead(204).end()],
  ])('(%s) is told as such, once, without its values', async (_, answer) => {
    const { url, requests } = await remote((__, response) => answer(response));
    const { api, lines } = clientOf(url);
    const error = await failure(api.get('/', { schema, signal }));
    expect(error).toMatchObject({ code: 'UPSTREAM_INVALID', retryable: false });
    expect(requests).toHaveLength(1);
    expect(lines).toHaveLength(1);
    expect(`${error.message}${lines}`).not.toContain('a-secret-of-somebody');
  });

  test('larger than allowed ends while it arrives', async () => {
    let closed: Promise<unknown> | undefined;
    const { url } = await remote((_, response) => {
      closed = once(response, 'close');
      response.writeHead(200, { 'content-type': 'application/json' });
      const chunk = 'x'.repeat(10_000);
      const pump = () => {
        while (response.write(chunk));
        response.once('drain', pump);
      };
      pump();
    });
    const { api } = clientOf(url, { maxBytes: 50_000 });
    const error = await failure(api.get('/', { schema, signal }));
    expect(error).toMatchObject({ code: 'OUTPUT_TOO_LARGE', retryable: false });
    await closed;
  });

  test('is as large as it is unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    const { url } = await remote((_, response) => {
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
      response.writeHead(200, headers).end(bomb);
    });
    const error = await failure(
      clientOf(url, { maxBytes: 100_000 }).api.get('/', { schema, signal }),
    );
    expect(error).toMatchObject({ code: 'OUTPUT_TOO_LARGE' });
  });
});

describe('an error of the API', () => {
  const messageOf = (body: unknown) => (body as { error?: string }).error;

  test.each<[number, string, boolean]>([
    [400, 'UPSTREAM_REJECTED', false],
    [401, 'UPSTREAM_UNAUTHORIZED', false],
    [403, 'UPSTREAM_FORBIDDEN', false],
    [404, 'NOT_FOUND', false],
    [409, 'CONFLICT', false],
    [410, 'NOT_FOUND', false],
    [412, 'CONFLICT', false],
    [422, 'UPSTREAM_REJECTED', false],
    [429, 'RATE_LIMITED', true],
    [500, 'UPSTREAM_UNAVAILABLE', true],
    [502, 'UPSTREAM_UNAVAILABLE', true],
    [503, 'UPSTREAM_UNAVAILABLE', true],
  ])('%i is %s', async (status, code, retryable) => {
    const { url } = await remote((_, response) => sendJson(response, {}, {}, status));
    const { api } = clientOf(url, { retries: 0 });
    expect(await failure(api.get('/', { schema, signal }))).toMatchObject({ code, retryable });
  });

  test('is shown in one short line, if the owner wants that, and without the credential', async () => {
    const said = `no\r\nsuch key ${SECRET}${'!'.repeat(1_000)}`;
    const { url } = await remote((_, response) => sendJson(response, { error: said }, {}, 422));
    const credential = bearer(SECRET);
    const shown = await failure(clientOf(url, { credential, messageOf }).api.get('/', { signal }));
    expect(shown.message).toMatch(/^Shop rejected GET \/ \(422\): no such key \[redacted\]!+\.$/);
    expect(shown.message.length).toBeLessThan(400);
    const hidden = await failure(clientOf(url, { credential }).api.get('/', { signal }));
    expect(hidden.message).toBe('Shop rejected GET / (422).');
  });

  test.each<[string, Buffer | string]>([
    ['no JSON', '{'],
    ['another shape', 'null'],
    ['far too large', JSON.stringify({ error: 'x'.repeat(100_000) })],
  ])('with a body that has %s is still that error', async (_, body) => {
    const { url } = await remote((__, response) => {
      response.writeHead(404, { 'content-type': 'application/json' }).end(body);
    });
    const { api } = clientOf(url, { messageOf });
    expect(await failure(api.get('/', { signal }))).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('can say what is in the headers of its answer', async () => {
    const { url } = await remote((_, response) =>
      sendJson(response, { error: 'no' }, { 'x-needed': 'issues=write' }, 403),
    );
    const options = {
      messageOf: (body: unknown, headers: Headers) =>
        `${(body as { error: string }).error}, needs ${headers.get('x-needed')}`,
    };
    const { message } = await failure(clientOf(url, options).api.get('/', { signal }));
    expect(message).toContain('no, needs issues=write');
  });

  test('of the credential says whose it is, and the log tells the operator', async () => {
    const { url } = await remote((_, response) => sendJson(response, {}, {}, 401));
    const { api, lines } = clientOf(url, { credential: bearer(SECRET) });
    const ours = await failure(api.get('/', { signal }));
    expect(ours.message).toContain("this server's credential");
    const theirs = await failure(api.get('/', { signal, credential: bearer('theirs') }));
    expect(theirs.message).toContain('your credential');
    // What a caller brings is no concern of the operator.
    expect(lines).toHaveLength(1);
    expect(lines.join()).not.toMatch(/hunter2|theirs/);
  });

  test('names the path of the code, not what was put into it', async () => {
    const { url } = await remote((_, response) => sendJson(response, {}, {}, 404));
    const { api } = clientOf(url);
    const { message } = await failure(
      api.get('/users/{id}', { signal, params: { id: SECRET }, query: { q: SECRET } }),
    );
    expect(message).toBe('Shop has nothing at /users/{id}.');
  });
});

describe('what may be repeated', () => {
  /** Fails so many times, then answers. */
  const flaky = (times: number, status: number, headers: Record<string, string> = {}) => {
    let left = times;
    return remote((_, response) => {
      left -= 1;
      if (left >= 0) sendJson(response, {}, headers, status);
      else sendJson(response, one);
    });
  };

  test.each(['GET', 'PUT', 'DELETE'] as const)('%s is, after an outage', async (method) => {
    const { url, requests } = await flaky(2, 500);
    const { data } = await clientOf(url).api.response(method, '/', { schema, signal });
    expect(data).toEqual(one);
    expect(requests).toHaveLength(3);
  });

  test('POST is not, unless the API recognises repetitions', async () => {
    const plain = await flaky(1, 500);
    const error = await failure(clientOf(plain.url).api.post('/', { signal, body: {} }));
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(plain.requests).toHaveLength(1);
    const keyed = await flaky(1, 500);
    const request = { schema, signal, body: {}, idempotencyKey: 'order-7' };
    expect(await clientOf(keyed.url).api.post('/', request)).toEqual(one);
    expect(keyed.requests.map(({ headers }) => headers['idempotency-key'])).toEqual([
      'order-7',
      'order-7',
    ]);
  });

  test.each([
    [429, {}],
    [429, { 'retry-after': '0' }],
    [503, { 'retry-after': '0' }],
    [503, { 'retry-after': new Date(0).toUTCString() }],
  ])('POST is, after %i with %j: the server has not begun', async (status, headers) => {
    const { url, requests } = await flaky(1, status, headers);
    expect(await clientOf(url).api.post('/', { schema, signal, body: {} })).toEqual(one);
    expect(requests).toHaveLength(2);
  });

  test('nothing is, when the connection breaks in the middle of a POST', async () => {
    const { url, requests } = await remote((request) => request.socket.destroy());
    const error = await failure(clientOf(url).api.post('/', { signal, body: {} }));
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
    expect(requests).toHaveLength(1);
  });

  test('a GET is, when the connection breaks in the middle of the body', async () => {
    let count = 0;
    const { url } = await remote((request, response) => {
      count += 1;
      if (count === 2) return sendJson(response, one);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('{', () => request.socket.destroy());
    });
    expect(await clientOf(url).api.get('/', { schema, signal })).toEqual(one);
  });
});

describe('a server that wants to be left alone', () => {
  test('is: calls fail at once and say when it is worth trying again', async () => {
    const { url, requests } = await remote((_, response) =>
      sendJson(response, {}, { 'retry-after': '120' }, 429),
    );
    const { api } = clientOf(url, { credential: bearer('ours') });
    const storm = Array.from({ length: 20 }, (_, index) =>
      failure(api.get('/{id}', { signal, params: { id: index } })),
    );
    for (const error of await Promise.all(storm)) {
      expect(error).toMatchObject({ code: 'RATE_LIMITED', retryable: true, retryAfter: 120 });
    }
    // Those that waited for a place are not sent.
    const before = requests.length;
    expect(before).toBeLessThanOrEqual(16);
    await failure(api.get('/more', { signal }));
    expect(requests).toHaveLength(before);
    // Another caller's credential, and what the API counts separately, have limits of their own.
    await failure(api.get('/', { signal, credential: bearer('theirs') }));
    await failure(api.get('/', { signal, rateLimit: 'search' }));
    expect(requests).toHaveLength(before + 2);
  });

  test('is, when it says with a good answer that this was the last one', async () => {
    const reset = String(Math.ceil(Date.now() / 1_000) + 60);
    const { url, requests } = await remote((_, response) =>
      sendJson(response, one, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }),
    );
    const { api } = clientOf(url);
    expect(await api.get('/a', { schema, signal })).toEqual(one);
    const error = await failure(api.get('/b', { schema, signal }));
    expect(error).toMatchObject({ code: 'RATE_LIMITED' });
    expect(error.retryAfter).toBeGreaterThan(50);
    expect(requests).toHaveLength(1);
  });

  test('that forbids because of its limits has not refused the credential', async () => {
    const { url } = await remote((_, response) =>
      sendJson(response, {}, { 'retry-after': '60' }, 403),
    );
    expect(await failure(clientOf(url).api.get('/', { signal }))).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfter: 60,
    });
  });

  test('for a moment is waited for', async () => {
    let count = 0;
    const { url, requests } = await remote((_, response) => {
      count += 1;
      if (count > 1) sendJson(response, one);
      else sendJson(response, {}, { 'retry-after': '1' }, 503);
    });
    const began = Date.now();
    expect(await clientOf(url).api.get('/', { schema, signal })).toEqual(one);
    expect(Date.now() - began).toBeGreaterThan(900);
    expect(requests).toHaveLength(2);
  });
});

describe('a server that does not answer', () => {
  const hanging = {
    headers: () => {},
    'the body': (_: unknown, response: import('node:http').ServerResponse) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{');
    },
  };

  test.each(Object.entries(hanging))('with %s is given up', async (_, answer) => {
    const { url, requests } = await remote(answer);
    const { api } = clientOf(url, { timeoutMs: 100, retries: 1 });
    const error = await failure(api.get('/', { schema, signal }));
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
    expect(error.message).toContain('100 ms');
    expect(requests).toHaveLength(2);
  });

  test.each(Object.entries(hanging))(
    'with %s is left when the caller leaves; then the connection is closed',
    async (_, answer) => {
      const { url, requests } = await remote(answer);
      const { api } = clientOf(url, { timeoutMs: 60_000 });
      const caller = new AbortController();
      const reason = new Error('the caller has left');
      const work = failure(api.get('/', { schema, signal: caller.signal }));
      await vi.waitFor(() => expect(requests).toHaveLength(1));
      const closed = once(requests[0]?.socket as never, 'close');
      caller.abort(reason);
      expect(await work).toBe(reason);
      await closed;
    },
  );

  test('because nothing listens there is told without its address in the message', async () => {
    const { api, lines } = clientOf(await unusedAddress(), { retries: 0 });
    const error = await failure(api.get('/', { signal }));
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(error.message).toBe('Shop cannot be reached. Try again later.');
    expect(lines.join()).toContain('ECONNREFUSED');
  });

  test('gets no more requests than have a place; who leaves the queue gives up nothing', async () => {
    const open: (() => void)[] = [];
    const { url, requests } = await remote((_, response) => {
      open.push(() => sendJson(response, one));
    });
    const { api } = clientOf(url, { concurrency: 2 });
    const caller = new AbortController();
    const get = (id: number, stop = signal) =>
      failure(api.get('/{id}', { schema, signal: stop, params: { id } }));
    const all = [get(1), get(2)];
    await vi.waitFor(() => expect(open).toHaveLength(2));
    const left = get(3, caller.signal);
    const last = get(4);
    caller.abort(new Error('gone'));
    expect((await left).message).toBe('gone');
    expect(requests).toHaveLength(2);
    for (const answer of open.splice(0)) answer();
    await vi.waitFor(() => expect(open).toHaveLength(1));
    open[0]?.();
    expect(await Promise.all([...all, last])).toEqual([undefined, undefined, undefined]);
    expect(requests.map((request) => request.url)).toEqual(['/1', '/2', '/4']);
  });
});

describe('the circuit', () => {
  async function broken(options = {}) {
    let works = false;
    const held: (() => void)[] = [];
    const remoteServer = await remote((request, response) => {
      if (request.url === '/held') held.push(() => sendJson(response, one));
      else if (works) sendJson(response, one);
      else response.writeHead(500).end();
    });
    const client = clientOf(remoteServer.url, {
      retries: 0,
      breakAfter: 3,
      pauseMs: 150,
      ...options,
    });
    const get = (path = '/', stop = signal) =>
      failure(client.api.get(path, { schema, signal: stop }));
    const repair = () => {
      works = true;
    };
    return { ...remoteServer, ...client, get, repair, held };
  }

  test('opens after failures in a row; nothing is sent until one request has tried it', async () => {
    const { get, requests, repair, metrics } = await broken();
    for (let count = 0; count < 3; count += 1) await get();
    expect(metrics.text()).toMatch(/mcp_outbound_circuit_open\{server_address="127[^"]*"\} 1/);
    const error = await get();
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true, retryAfter: 1 });
    expect(requests).toHaveLength(3);
    repair();
    await vi.waitFor(async () => expect(await get()).toBeUndefined(), 5_000);
    expect(metrics.text()).toMatch(/mcp_outbound_circuit_open\{server_address="127[^"]*"\} 0/);
  });

  test('stays open when that request fails, and lets no second one through meanwhile', async () => {
    const { get, requests, held } = await broken();
    for (let count = 0; count < 3; count += 1) await get();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const probe = get('/held');
    await vi.waitFor(() => expect(held).toHaveLength(1));
    expect(await get('/other')).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(requests).toHaveLength(4);
    held[0]?.();
    expect(await probe).toBeUndefined();
  });

  test('is decided by nobody who leaves', async () => {
    const { get, requests, held } = await broken();
    for (let count = 0; count < 3; count += 1) await get();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const caller = new AbortController();
    const probe = get('/held', caller.signal);
    await vi.waitFor(() => expect(held).toHaveLength(1));
    caller.abort(new Error('gone'));
    await probe;
    await get();
    expect(await get()).toMatchObject({ retryAfter: 1 });
    expect(requests).toHaveLength(5);
  });

  test('is open for those who wait for a place, too', async () => {
    const { get, requests } = await broken({ concurrency: 1 });
    const all = await Promise.all(Array.from({ length: 9 }, (_, id) => get(`/${id}`)));
    expect(all.every((error) => error?.code === 'UPSTREAM_UNAVAILABLE')).toBe(true);
    expect(requests).toHaveLength(3);
  });

  test('does not care for errors that are the answer to a request', async () => {
    const { url, requests } = await remote((_, response) => sendJson(response, {}, {}, 404));
    const { api } = clientOf(url, { breakAfter: 2 });
    for (let count = 0; count < 5; count += 1) await failure(api.get('/', { signal }));
    expect(requests).toHaveLength(5);
  });
});

describe('redirects', () => {
  test('are followed within the API', async () => {
    const { url, requests } = await remote((request, response) => {
      if (request.url === '/old') response.writeHead(301, { location: '/new?x=1' }).end();
      else sendJson(response, one);
    });
    const { api } = clientOf(url, { credential: bearer(SECRET) });
    expect(await api.get('/old', { schema, signal })).toEqual(one);
    expect(requests[1]).toMatchObject({ url: '/new?x=1' });
    expect(requests[1]?.headers.authorization).toContain(SECRET);
  });

  test.each([301, 302, 303, 307, 308])('(%i) to another host go nowhere', async (status) => {
    const other = await remote((_, response) => sendJson(response, one));
    const { url } = await remote((_, response) => {
      response.writeHead(status, { location: `${other.url}/steal` }).end();
    });
    const { api } = clientOf(url, { credential: bearer(SECRET) });
    expect(await failure(api.get('/', { schema, signal }))).toMatchObject({
      code: 'UPSTREAM_INVALID',
    });
    expect(other.requests).toEqual([]);
  });

  test('in a circle end', async () => {
    const { url, requests } = await remote((_, response) => {
      response.writeHead(302, { location: '/' }).end();
    });
    expect(await failure(clientOf(url).api.get('/', { schema, signal }))).toMatchObject({
      code: 'UPSTREAM_INVALID',
    });
    expect(requests.length).toBeLessThan(6);
  });

  test('make no GET of a POST, and repeat it only where the API says so', async () => {
    const { url, requests } = await remote((request, response) => {
      if (request.url === '/see') response.writeHead(303, { location: '/other' }).end();
      else if (request.url === '/old') response.writeHead(308, { location: '/new' }).end();
      else sendJson(response, one);
    });
    const { api } = clientOf(url);
    expect(await failure(api.post('/see', { signal, body: {} }))).toMatchObject({
      code: 'UPSTREAM_INVALID',
    });
    expect(await api.post('/old', { schema, signal, body: {} })).toEqual(one);
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /see',
      'POST /old',
      'POST /new',
    ]);
  });
});

describe('what is kept', () => {
  /** Answers with the number of the request. */
  const counting = (headers: Record<string, string>) => {
    let id = 0;
    return remote((_, response) => {
      id += 1;
      sendJson(response, { id }, headers);
    });
  };
  const get = (api: HttpApi, request: object = {}) =>
    api.get('/{a}', { schema, signal, params: { a: 'x' }, ...request });

  test.each<[string, Record<string, string>, object, number]>([
    ['is used while it is fresh', { 'cache-control': 'max-age=60' }, {}, 1],
    ['is old when a proxy had it for long', { 'cache-control': 'max-age=60', age: '70' }, {}, 2],
    ['is nothing that must not be kept', { 'cache-control': 'no-store, max-age=60' }, {}, 2],
    ['is nothing that depends on everything', { 'cache-control': 'max-age=60', vary: '*' }, {}, 2],
    ['is used until it expires', { expires: new Date(Date.now() + 9e6).toUTCString() }, {}, 1],
    ['is nothing that has expired', { expires: '0' }, { freshSeconds: 60 }, 2],
    ['is nothing by itself', {}, {}, 2],
    ['is used as the code says when the API does not', {}, { freshSeconds: 60 }, 1],
    [
      'is asked again where the API wants that',
      { 'cache-control': 'no-cache' },
      { freshSeconds: 60 },
      2,
    ],
  ])('%s', async (_, headers, request, expected) => {
    const { url, requests } = await counting(headers);
    const { api } = clientOf(url);
    await get(api, request);
    expect(await get(api, request)).toEqual({ id: expected });
    expect(requests).toHaveLength(expected);
  });

  test('costs the API nothing but a question when it has not changed', async () => {
    const { url, requests } = await remote((request, response) => {
      if (request.headers['if-none-match'] === '"v1"') response.writeHead(304).end();
      else sendJson(response, one, { etag: '"v1"' });
    });
    const { api, metrics } = clientOf(url);
    for (let count = 0; count < 3; count += 1) expect(await get(api)).toEqual(one);
    expect(requests.map(({ headers }) => headers['if-none-match'])).toEqual([
      undefined,
      '"v1"',
      '"v1"',
    ]);
    expect(metrics.text()).toMatch(/mcp_outbound_cache_total\{[^}]*result="revalidated"\} 2/);
  });

  test('is asked for by its date where there is no ETag', async () => {
    const date = new Date(0).toUTCString();
    const { url, requests } = await remote((_, response) =>
      sendJson(response, one, { 'last-modified': date }),
    );
    const { api } = clientOf(url);
    await get(api);
    await get(api);
    expect(requests[1]?.headers['if-modified-since']).toBe(date);
  });

  test('for one credential is never given to another, and nor is its ETag sent', async () => {
    const { url, requests } = await remote((request, response) => {
      const id = Number(request.headers.authorization?.replace(/\D/g, ''));
      sendJson(response, { id }, { 'cache-control': 'public, max-age=60', etag: '"same"' });
    });
    const { api } = clientOf(url, { credential: bearer('t1') });
    const ids = [undefined, bearer('t2'), bearer('t3'), bearer('t2'), undefined];
    const found: unknown[] = [];
    for (const credential of ids) found.push(await get(api, { credential }));
    expect(found).toEqual([1, 2, 3, 2, 1].map((id) => ({ id })));
    expect(requests).toHaveLength(3);
    expect(requests.map(({ headers }) => headers['if-none-match'])).toEqual(
      Array(3).fill(undefined),
    );
  });

  test('together has a bound in bytes; what was used last stays', async () => {
    const { url, requests } = await remote((_, response) =>
      sendJson(response, { id: 1, text: 'x'.repeat(9_000) }, { 'cache-control': 'max-age=60' }),
    );
    const { api, metrics } = clientOf(url, { cacheBytes: 25_000 });
    for (const a of ['1', '2', '1', '3', '1', '2']) await get(api, { params: { a } });
    expect(requests.map((request) => request.url)).toEqual(['/1', '/2', '/3', '/2']);
    const [, bytes] = /mcp_outbound_cache_bytes\{[^}]*\} (\d+)/.exec(metrics.text()) ?? [];
    expect(Number(bytes)).toBeGreaterThan(9_000);
    expect(Number(bytes)).toBeLessThanOrEqual(25_000);
  });

  test('is forgotten when the server changes something there, below or above', async () => {
    const { url, requests } = await counting({ 'cache-control': 'max-age=60' });
    const { api } = clientOf(url);
    const read = async () => {
      for (const path of ['/orders', '/orders/7', '/orders/8', '/users']) {
        await api.get(path, { schema, signal });
      }
    };
    await read();
    await api.put('/orders/7', { signal, body: {} });
    await read();
    const urls = requests.map(({ method, url }) => `${method} ${url}`);
    expect(urls.slice(5)).toEqual(['GET /orders', 'GET /orders/7']);
  });

  test('is no error', async () => {
    const { url, requests } = await remote((_, response) =>
      sendJson(response, {}, { 'cache-control': 'max-age=60' }, 404),
    );
    const { api } = clientOf(url);
    await failure(get(api));
    await failure(get(api));
    expect(requests).toHaveLength(2);
  });
});

describe('equal questions at the same time', () => {
  test('are asked once, for one credential each', async () => {
    const { url, requests } = await remote((request, response) => {
      const id = Number(request.headers.authorization?.replace(/\D/g, ''));
      setTimeout(sendJson, 50, response, { id });
    });
    const { api } = clientOf(url);
    const get = (token: string) => api.get('/', { schema, signal, credential: bearer(token) });
    const all = await Promise.all(['t1', 't2', 't1', 't2', 't1'].map(get));
    expect(all).toEqual([1, 2, 1, 2, 1].map((id) => ({ id })));
    expect(requests).toHaveLength(2);
  });

  test('go on while somebody waits for the answer', async () => {
    const held: (() => void)[] = [];
    const { url, requests } = await remote((_, response) => {
      held.push(() => sendJson(response, one));
    });
    const { api } = clientOf(url);
    const caller = new AbortController();
    const leaves = failure(api.get('/', { schema, signal: caller.signal }));
    const stays = api.get('/', { schema, signal });
    await vi.waitFor(() => expect(held).toHaveLength(1));
    caller.abort(new Error('gone'));
    expect((await leaves).message).toBe('gone');
    held[0]?.();
    expect(await stays).toEqual(one);
    expect(requests).toHaveLength(1);
  });
});

test('metrics have no path, no query and no credential', async () => {
  const { url } = await remote((_, response) => sendJson(response, one, {}, 404));
  const { api, metrics } = clientOf(url, { credential: keyQuery('key', SECRET) });
  await failure(api.get('/users/{id}', { signal, params: { id: 'somebody' } }));
  const text = metrics.text();
  const host = new URL(url).host;
  expect(text).toContain(
    `http_client_request_duration_seconds_count{server_address="${host}",error_type="not_found"} 1`,
  );
  expect(text).not.toMatch(/hunter2|somebody|users/);
});
