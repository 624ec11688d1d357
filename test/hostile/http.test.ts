/** What arrives over HTTP: hosts, origins, targets, methods, content types, malformed bytes and protocol eras. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  eras,
  expectDecent,
  hostileEnv,
  hostileProject,
  KEYS,
  legacy,
  MARK,
  type McpRequest,
  messageOf,
  modern,
  send,
} from '../support/hostile-project.js';
import { exchange } from '../support/raw-http.js';
import { type RunningHttp, startHttp, stop } from '../support/server.js';

const APP = 'https://app.example.com';

let server: RunningHttp;
beforeAll(async () => {
  const env = { ...hostileEnv(), ALLOWED_ORIGINS: APP, PUBLIC_URL: 'https://mcp.example.com' };
  server = await startHttp(await hostileProject(), env);
});
afterAll(async () => {
  const code = await stop(server);
  expect(code, server.stderr()).toBe(0);
  expect(server.stderr()).not.toContain(MARK);
  expect(server.stderr()).not.toContain('request failed');
});

const from = (host: string): McpRequest => ({ headers: { host } });
const statusOf = async (request: McpRequest) => (await send(server.port, request)).status;

describe('Host', () => {
  it.each([
    ['localhost', 'localhost'],
    ['upper case', 'LOCALHOST:80'],
    ['IPv4 and a port', '127.0.0.1:8080'],
    ['IPv6', '[::1]:8080'],
    ['the public name', 'mcp.example.com'],
  ])('%s is served', async (_, host) => {
    expect(await statusOf(from(host))).toBe(200);
  });

  it.each([
    ['another name', 'evil.example'],
    ['another name with our port', 'evil.example:3000'],
    ['a subdomain of an allowed name', 'evil.localhost'],
    ['an allowed name as a subdomain', 'localhost.evil.example'],
    ['a name that resolves to this machine', '127.0.0.1.nip.io'],
    ['a dot at the end', 'localhost.'],
    ['a dot at the end and a port', '127.0.0.1.:3000'],
    ['all addresses', '0.0.0.0'],
    ['a short IPv4 address', '127.1'],
    ['a decimal IPv4 address', '2130706433'],
    ['a hexadecimal IPv4 address', '0x7f.0.0.1'],
    ['another address of the loopback', '127.0.0.2'],
    ['IPv6 without brackets', '::1'],
    ['IPv6 in long form', '[0:0:0:0:0:0:0:1]'],
    ['IPv4 in IPv6', '[::ffff:127.0.0.1]'],
    ['an IPv6 zone', '[::1%25lo]'],
    ['nothing', ''],
    ['a list', 'localhost, evil.example'],
    ['a list, reversed', 'evil.example,localhost'],
    ['user information', 'localhost@evil.example'],
    ['user information and an allowed name', 'evil.example@localhost'],
    ['a path', 'localhost/evil.example'],
    ['a fragment', 'evil.example#localhost'],
    ['a query', 'evil.example?localhost'],
    ['a backslash', 'evil.example\\localhost'],
    ['a port that is no number', 'localhost:evil'],
    ['a port without a number', 'localhost:'],
    ['two ports', 'localhost:80:80'],
    ['a blank inside', 'localhost evil.example'],
    ['a soft hyphen', 'local\u00adhost'],
    ['a percent sign', 'local%68ost'],
    ['the origin of the public name', 'https://mcp.example.com'],
    ['__proto__', '__proto__'],
  ])('%s is refused with 403', async (_, host) => {
    const response = await send(server.port, from(host));
    expect(response.status).toBe(403);
    expect(messageOf(response).error?.message).toContain('ALLOWED_HOSTS');
  });

  it.each([
    ['an allowed one first', ['localhost', 'evil.example']],
    ['an allowed one last', ['evil.example', 'localhost']],
    ['the same one twice', ['localhost', 'localhost']],
  ] as const)('two of them, %s: refused with 400', async (_, [first, second]) => {
    const request = { ...from(first), moreHeaders: [['Host', second]] as const };
    expect(await statusOf(request)).toBe(400);
    expect(await statusOf({ ...request, target: '/healthz' })).toBe(400);
  });

  it('missing: refused with 400', async () => {
    const { status } = await exchange(server.port, [
      'POST /mcp HTTP/1.1\r\nConnection: close\r\n\r\n',
    ]);
    expect(status).toBe(400);
  });

  it.each(['x-forwarded-host', 'x-host', 'x-original-host', 'forwarded'])(
    '%s does not stand in for it',
    async (name) => {
      expect(await statusOf({ headers: { host: 'evil.example', [name]: 'localhost' } })).toBe(403);
    },
  );
});

describe('Origin', () => {
  it('that is allowed may read the answer, and only that one', async () => {
    const { status, headers } = await send(server.port, { headers: { origin: APP } });
    expect(status).toBe(200);
    expect(headers.get('access-control-allow-origin')).toBe(APP);
    expect(headers.get('vary')).toContain('origin');
    expect(headers.has('access-control-allow-credentials')).toBe(false);
  });

  const others = [
    ['another site', 'https://evil.example'],
    ['null', 'null'],
    ['nothing', ''],
    ['this server', 'http://127.0.0.1:3000'],
    ['localhost', 'http://localhost'],
    ['http instead of https', 'http://app.example.com'],
    ['another port', `${APP}:8443`],
    ['the default port', `${APP}:443`],
    ['a dot at the end', `${APP}.`],
    ['a slash at the end', `${APP}/`],
    ['an allowed one as the beginning', `${APP}.evil.example`],
    ['an allowed one as the end', `https://evil${APP.slice(8)}`],
    ['an allowed one as a path', `https://evil.example/${APP}`],
    ['an allowed one as user information', `${APP}@evil.example`],
    ['upper case', APP.toUpperCase()],
    ['a list', `${APP}, https://evil.example`],
    ['a wildcard', '*'],
    ['a file', 'file://'],
    ['an extension', 'chrome-extension://abcdefghijklmnop'],
    ['bytes above ASCII', 'https://\u00e4pp.example.com'],
  ] as const;

  it.each(others)('%s is refused with 403', async (_, origin) => {
    const { status, headers } = await send(server.port, { headers: { origin } });
    expect(status).toBe(403);
    expect(headers.has('access-control-allow-origin')).toBe(false);
  });

  it('that is not allowed gets no preflight either', async () => {
    for (const [, origin] of others) {
      const response = await send(server.port, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
      expect(response.status, origin).toBe(403);
      expect(response.headers.has('access-control-allow-origin'), origin).toBe(false);
    }
  });

  it('twice is refused, whichever comes first', async () => {
    for (const [first, second] of [
      [APP, 'null'],
      ['null', APP],
      [APP, APP],
    ] as const) {
      const request = { headers: { origin: first }, moreHeaders: [['Origin', second]] as const };
      expect(await statusOf(request)).toBe(403);
    }
  });
});

describe('request target', () => {
  it.each([
    ['another server in absolute form', 'http://evil.example/mcp'],
    ['this server in absolute form', 'http://127.0.0.1/mcp'],
    ['an authority', '//evil.example/mcp'],
    ['a slash at the end', '/mcp/'],
    ['upper case', '/MCP'],
    ['an encoded letter', '/%6dcp'],
    ['an encoded zero byte', '/mcp%00'],
    ['a parameter', '/mcp;jsessionid=1'],
    ['a traversal', '/mcp/../../etc/passwd'],
    ['an encoded traversal', '/mcp/%2e%2e/%2e%2e/etc/passwd'],
    ['a traversal that leads there', '/x/../mcp'],
    ['an encoded traversal that leads there', '/x/%2e%2e/mcp'],
    ['a traversal of backslashes that leads there', '/x\\..\\mcp'],
    ['a dot and a backslash', '/.\\mcp'],
    ['a fragment', '/mcp#a'],
    ['the metrics, by backslashes', '/x\\..\\metrics'],
    ['a dot file', '/.env'],
    ['the root', '/'],
    ['__proto__', '/__proto__'],
  ])('%s is not found: 404', async (_, target) => {
    expect(await statusOf({ target })).toBe(404);
  });

  it.each([
    ['without a slash', 'mcp', 400],
    ['of 20 KB', `/${'a'.repeat(20_000)}`, 431],
    ['with a blank', '/mcp /x', 400],
  ] as const)('%s is refused', async (_, target, status) => {
    expect(await statusOf({ target })).toBe(status);
  });
});

describe('method', () => {
  it.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'TRACE'])(
    '%s: 405',
    async (method) => {
      const { status, headers } = await send(server.port, { method });
      expect(status).toBe(405);
      expect(headers.get('allow')).toContain('POST');
    },
  );

  it.each(['FOO', 'POST\tX'])('%s: 400', async (method) => {
    expect(await statusOf({ method })).toBe(400);
  });

  it('CONNECT ends the connection', async () => {
    expect(await statusOf({ method: 'CONNECT', target: 'evil.example:443' })).toBe(0);
  });

  it('in x-http-method-override does not count', async () => {
    const headers = { 'x-http-method-override': 'POST', 'x-http-method': 'POST' };
    expect(await statusOf({ method: 'GET', headers })).toBe(405);
  });
});

describe('content type', () => {
  it.each([
    'application/json',
    'Application/JSON;charset=UTF-8',
    'application/json; charset="utf-8"',
  ])('%s passes', async (type) => {
    expect(await statusOf({ headers: { 'content-type': type } })).toBe(200);
  });

  it.each([
    ['plain text', 'text/plain'],
    ['plain text with JSON in it', 'text/plain; application/json'],
    ['a form', 'application/x-www-form-urlencoded'],
    ['a form with parts', 'multipart/form-data; boundary=x'],
    ['nothing', ''],
    ['a longer name', 'application/jsonp'],
    ['a shorter name', 'application/jso'],
    ['a suffix', 'application/ld+json'],
    ['a list', 'application/json, text/plain'],
    ['a list, reversed', 'text/plain, application/json'],
    ['a bare semicolon and another type', 'application/json;text/plain'],
    ['UTF-7', 'application/json; charset=utf-7'],
    ['UTF-16', 'application/json; charset=utf-16'],
    ['two character sets', 'application/json; charset=utf-8; charset=utf-7'],
    ['a blank in the name', 'application /json'],
  ])('%s is refused with 415', async (_, type) => {
    expect(await statusOf({ headers: { 'content-type': type } })).toBe(415);
  });

  it('missing or twice is refused with 415', async () => {
    expect(await statusOf({ headers: { 'content-type': undefined } })).toBe(415);
    const twice = [['Content-Type', 'text/plain']] as const;
    expect(await statusOf({ moreHeaders: twice })).toBe(415);
  });
});

describe('body', () => {
  const message = (fields: object) => JSON.stringify({ jsonrpc: '2.0', id: 1, ...fields });

  it.each<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['blanks', ' \n\t'],
    ['half an object', '{'],
    ['text after the end', `${message({ method: 'tools/list' })}x`],
    ['two objects', '{}{}'],
    ['a comment', '{/*x*/}'],
    ['a single quote', "{'a':1}"],
    ['NaN', '{"a":NaN}'],
    ['a trailing comma', '{"a":1,}'],
    ['a raw control character', '{"a":"\u0001"}'],
    ['an unknown escape', '{"a":"\\x"}'],
    ['HTML', '<script>alert(1)</script>'],
    ['UTF-16', Buffer.from('{}', 'utf16le')],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
    ['an overlong encoding', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['a surrogate as bytes', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['binary', Buffer.from(Array.from({ length: 256 }, (_, n) => n))],
    ['something compressed', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])],
  ])('%s is not JSON: 400, -32700', async (_, body) => {
    const response = await send(server.port, { body });
    expect(response.status).toBe(400);
    expect(messageOf(response)).toMatchObject({ id: null, error: { code: -32_700 } });
  });

  it.each([
    ['null', 'null'],
    ['a number', '42'],
    ['a text', '"tools/list"'],
    ['true', 'true'],
    ['an empty object', '{}'],
    ['an empty batch', '[]'],
    ['a batch of nothing', '[null]'],
    ['a batch in a batch', '[[]]'],
    ['JSON-RPC 1.0', message({ jsonrpc: '1.0', method: 'tools/list' })],
    ['no version', '{"id":1,"method":"tools/list"}'],
    ['an object as id', message({ id: {}, method: 'tools/list' })],
    ['null as id', message({ id: null, method: 'tools/list' })],
    ['true as id', message({ id: true, method: 'tools/list' })],
    ['a fraction as id', message({ id: 1.5, method: 'tools/list' })],
    ['a list as id', message({ id: [1], method: 'tools/list' })],
    ['a number as method', message({ method: 5 })],
    ['no method', message({ params: {} })],
    ['a list as params', message({ method: 'tools/list', params: [] })],
    ['a text as params', message({ method: 'tools/list', params: 'x' })],
    ['__proto__ alone', '{"__proto__":{"jsonrpc":"2.0","id":1,"method":"tools/list"}}'],
  ])('%s is no message: 400, -32600', async (_, body) => {
    const response = await send(server.port, { body });
    expect(response.status).toBe(400);
    expect(messageOf(response).error?.code).toBe(-32_600);
  });

  it.each(['a\r\nset-cookie: x=1', '\u001b[2J', '"}<script>', '__proto__', 'x'.repeat(10_000)])(
    'the id %j comes back as it is, in the body alone',
    async (id) => {
      for (const [, make] of eras) {
        const response = await send(server.port, make('tools/list', {}, id));
        expect(messageOf(response).id).toBe(id);
        expect([...response.headers.keys()]).not.toContain('set-cookie');
        expect(response.body).toMatch(/^[\n\x20-\uffff]*$/);
      }
    },
  );

  it('with __proto__ in its arguments changes no prototype', async () => {
    const evil =
      '{"name":"who_am_i","arguments":{"value":"x","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}';
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${evil}}`;
    await send(server.port, { body });
    const after = legacy('tools/call', { name: 'who_am_i', arguments: { value: 'y' } });
    expect(messageOf(await send(server.port, after)).result?.structuredContent).toEqual({
      caller: 'alice',
      value: 'y',
    });
  });
});

describe('bytes that break HTTP are answered with 400 or a closed connection', () => {
  const right = `Host: localhost\r\nx-api-key: ${KEYS.alice}\r\nContent-Type: application/json\r\n`;
  const list = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
  it.each([
    [
      'a length and chunks',
      `${right}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['two lengths', `${right}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x`],
    ['a negative length', `${right}Content-Length: -1\r\n\r\n{}`],
    ['a length with a sign', `${right}Content-Length: +2\r\n\r\n{}`],
    ['a hexadecimal length', `${right}Content-Length: 0x2\r\n\r\n{}`],
    ['an unknown transfer coding', `${right}Transfer-Encoding: xchunked\r\n\r\n{}`],
    ['chunked, but not last', `${right}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    ['a chunk size that is no number', `${right}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n`],
    ['a blank before the colon', `${right}Content-Length : 2\r\n\r\n{}`],
    ['a folded header', `${right}X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}`],
    ['a header without a name', `${right}: x\r\n\r\n`],
    ['a zero byte in a header', `${right}X: a\0b\r\n\r\n`],
    ['a header of 100 KB', `${right}X: ${'a'.repeat(100_000)}\r\n\r\n`],
    ['3000 headers', `${right}${'X: a\r\n'.repeat(3_000)}\r\n`],
  ])('%s', async (_, rest) => {
    const response = await exchange(server.port, [
      `POST /mcp HTTP/1.1\r\nConnection: close\r\n${rest}`,
    ]);
    expect([0, 400, 431]).toContain(response.status);
    expectDecent(response.text);
  });

  it('TLS on a plain port', async () => {
    const hello = Buffer.from('16030100c8010000c403037f', 'hex');
    expect([0, 400]).toContain((await exchange(server.port, [hello])).status);
  });

  it('a second request smuggled behind the first is one of its own, and needs its own key', async () => {
    const inner = `POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${list.length}\r\n\r\n${list}`;
    const outer = `POST /mcp HTTP/1.1\r\n${right}Accept: application/json, text/event-stream\r\nContent-Length: ${list.length}\r\n\r\n${list}`;
    const { text } = await exchange(server.port, [outer + inner]);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 401']);
  });

  it('a client that asks to close the connection has it closed', async () => {
    const started = performance.now();
    await send(server.port, legacy('tools/list'));
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});

describe('a name from the prototype', () => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty'];
  it.each(names)('%s is no tool, prompt, resource or method', async (name) => {
    for (const [, make] of eras) {
      for (const request of [
        make('tools/call', { name, arguments: {} }),
        make('prompts/get', { name, arguments: {} }),
        make('resources/read', { uri: name }),
        make('resources/read', { uri: `note:///${name}` }),
        make(name, {}),
      ]) {
        const response = await send(server.port, request);
        expect(response.status).toBeLessThan(500);
        expect(messageOf(response).result).toBeUndefined();
        expect(messageOf(response).error?.code).toBeGreaterThan(-32_603);
      }
    }
  });
});

describe('headers and body of a modern request that disagree: 400', () => {
  const { headers, body } = modern('tools/call', { name: 'who_am_i', arguments: { value: 'x' } });
  const mismatch = -32_020;
  it.each<[string, McpRequest, number]>([
    ['another method', { headers: { 'mcp-method': 'tools/list' } }, mismatch],
    ['no method', { headers: { 'mcp-method': undefined } }, mismatch],
    ['two methods', { moreHeaders: [['Mcp-Method', 'tools/list']] }, mismatch],
    ['another name', { headers: { 'mcp-name': 'leak' } }, mismatch],
    ['no name', { headers: { 'mcp-name': undefined } }, mismatch],
    ['two names', { moreHeaders: [['Mcp-Name', 'leak']] }, mismatch],
    ['no version', { headers: { 'mcp-protocol-version': undefined } }, mismatch],
    ['an older version', { headers: { 'mcp-protocol-version': '2025-11-25' } }, mismatch],
    ['a version to come', { headers: { 'mcp-protocol-version': '2099-01-01' } }, mismatch],
    ['two versions', { moreHeaders: [['MCP-Protocol-Version', '2025-11-25']] }, mismatch],
  ])('%s', async (_, change, code) => {
    const request = { ...change, headers: { ...headers, ...change.headers }, body };
    const response = await send(server.port, request);
    expect(response.status).toBe(400);
    expect(messageOf(response).error?.code).toBe(code);
  });

  it('a modern header on an older body', async () => {
    const older = legacy('tools/call', { name: 'who_am_i', arguments: { value: 'x' } });
    const response = await send(server.port, { ...older, headers });
    expect(response.status).toBe(400);
  });
});

describe('a caller who may not call a tool gets no further with', () => {
  const call = { name: 'delete_note', arguments: { id: '00000000-0000-4000-8000-000000000000' } };
  const asReader = (request: McpRequest): McpRequest => ({
    ...request,
    headers: { ...request.headers, 'x-api-key': KEYS.reader },
  });
  const batch = [{ jsonrpc: '2.0', id: 1, method: 'tools/call', params: call }];
  it.each<[string, McpRequest]>([
    ['the modern protocol', modern('tools/call', call)],
    ['the older protocol, without initialize', legacy('tools/call', call)],
    [
      'the oldest protocol',
      { ...legacy('tools/call', call), headers: { 'mcp-protocol-version': '2024-11-05' } },
    ],
    ['no version at all', { body: legacy('tools/call', call).body }],
    [
      'a session id of its own',
      { ...legacy('tools/call', call), headers: { 'mcp-session-id': 'admin' } },
    ],
    ['a batch', { body: batch }],
    [
      'a batch behind harmless calls',
      { body: [{ jsonrpc: '2.0', id: 2, method: 'ping' }, ...batch] },
    ],
    ['the name in other case', legacy('tools/call', { ...call, name: 'Delete_Note' })],
    ['the name with a blank', legacy('tools/call', { ...call, name: 'delete_note ' })],
    ['the name in other letters', legacy('tools/call', { ...call, name: 'delete\uff3fnote' })],
  ])('%s', async (_, request) => {
    const { body, status } = await send(server.port, asReader(request));
    expect(status).toBeLessThan(500);
    expect(body).not.toContain('structuredContent');
    expect(body).toMatch(/"isError":true|"error":/);
  });
});

it('x-request-id is taken over only when it is harmless', async () => {
  const idFor = async (id: string) => {
    const { headers } = await send(server.port, { headers: { 'x-request-id': id } });
    return headers.get('x-request-id') ?? '';
  };
  expect(await idFor('abc-1')).toBe('abc-1');
  for (const id of ['a b', '<b>', '\u009b31m', 'x'.repeat(65), '{"a":1}', '']) {
    expect(await idFor(id)).toMatch(/^[0-9a-f-]{36}$/);
  }
});

it('after all this the server still answers everyone', async () => {
  for (const [, make] of eras) {
    const request = make('tools/call', { name: 'who_am_i', arguments: { value: 'still here' } });
    expect(messageOf(await send(server.port, request)).result?.structuredContent).toEqual({
      caller: 'alice',
      value: 'still here',
    });
  }
});
