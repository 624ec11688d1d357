/**
 * Everyday requests in their plain form are answered without the MCP SDK. Here the same requests go to a generated
 * server and to one that gives everything to the library: what comes back must be the same.
 */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  differentialProject,
  TOOL_NAMES as NAMES,
  PROMPT_NAMES,
  RESOURCE_URIS,
} from '../support/differential-project.js';
import {
  hostileEnv,
  KEYS,
  legacy,
  type McpRequest,
  messageOf,
  modern,
  send,
} from '../support/hostile-project.js';
import type { RawResponse } from '../support/raw-http.js';
import { type RunningHttp, startHttp, stop } from '../support/server.js';

const start = async (fast: boolean) =>
  await startHttp(await differentialProject(fast), hostileEnv());

let fast: RunningHttp;
let library: RunningHttp;
beforeAll(async () => {
  [fast, library] = await Promise.all([start(true), start(false)]);
});
afterAll(async () => {
  expect(await Promise.all([stop(fast), stop(library)])).toEqual([0, 0]);
});

const CHANGING = [
  'date',
  'x-request-id',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
];

/** What a client sees of an answer, byte for byte but for references to the log, signed states and sealed cursors. */
function seen({ status, headers, body }: RawResponse) {
  return {
    status,
    headers: Object.fromEntries([...headers].filter(([name]) => !CHANGING.includes(name))),
    body: body
      .replaceAll(/[0-9a-f-]{36}/g, '<id>')
      .replaceAll(/"nextCursor":"[\w-]+"/g, '"nextCursor":"<cursor>"')
      .replaceAll(/"v1\.[\w-]+\.[\w-]+"/g, '"<state>"'),
  };
}

async function compare(request: McpRequest): Promise<void> {
  const [ours, theirs] = await Promise.all([send(fast.port, request), send(library.port, request)]);
  expect(seen(ours), JSON.stringify(request)).toEqual(seen(theirs));
}

type Params = Readonly<Record<string, unknown>>;
const makers = { legacy, modern };
type Maker = (method: string, params?: Params, id?: unknown) => ReturnType<typeof modern>;

/** A request for each method that may be answered without the SDK. */
const REQUESTS: readonly (readonly [method: string, Params])[] = [
  ['initialize', introduction()],
  ['ping', {}],
  ['logging/setLevel', { level: 'warning' }],
  ['server/discover', {}],
  ['tools/call', { name: 'echo', arguments: { text: 'a' } }],
  ['tools/list', {}],
  ['resources/list', {}],
  ['resources/templates/list', {}],
  ['resources/read', { uri: 'test://plain' }],
  ['resources/read', { uri: 'test://items/7' }],
  ['prompts/list', {}],
  ['prompts/get', { name: 'hello', arguments: { who: 'you' } }],
];

const CLIENT = {
  name: 'stranger',
  version: '1.0.0',
  title: 'Stranger',
  description: 'From afar.',
  websiteUrl: 'https://example.com',
  icons: [{ src: 'https://example.com/a.png', mimeType: 'image/png', sizes: ['48x48'] }],
};
const EVERYTHING = {
  elicitation: { form: {}, url: {} },
  experimental: { a: { b: 1 } },
  extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html'] } },
  roots: { listChanged: true },
  sampling: { context: {}, tools: {} },
  tasks: {
    list: {},
    cancel: {},
    requests: { sampling: { createMessage: {} }, elicitation: { create: {} } },
  },
};

function introduction(changes: Params = {}): Params {
  const clientInfo = { name: 'stranger', version: '1.0.0' };
  return { protocolVersion: '2025-11-25', capabilities: {}, clientInfo, ...changes };
}

describe.each(Object.entries(makers) as [string, Maker][])('%s', (_, make) => {
  it.each(REQUESTS)('%s, also the second time', async (method, params) => {
    await compare(make(method, params));
    await compare(make(method, params, 'second'));
  });

  it.each<[string, Params]>([
    ['a progress token', { progressToken: 7 }],
    ['a text as progress token', { progressToken: 'seven' }],
    ['a wrong progress token', { progressToken: 1.5 }],
    ['keys of its own', { 'example.com/run': { id: 'r-1' }, plain: null }],
    ['a trace', { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }],
    ['a trace that is no text', { traceparent: 7 }],
    ['an unknown key of the protocol', { 'io.modelcontextprotocol/other': 1 }],
    ['a level for log messages', { 'io.modelcontextprotocol/logLevel': 'debug' }],
    ['a task', { 'io.modelcontextprotocol/related-task': { taskId: 'a' } }],
  ])('with %s in _meta', async (_what, more) => {
    for (const [method, params] of REQUESTS) {
      const request = make(method, params);
      const sent = request.body as { params: { _meta?: Params } };
      sent.params._meta = { ...sent.params._meta, ...more };
      await compare(request);
    }
  });

  it.each<[string, Params]>([
    ['another field', { other: 1 }],
    ['a cursor', { cursor: 'abc' }],
    ['a cursor that is no text', { cursor: 7 }],
    ['an empty cursor', { cursor: '' }],
    ['answers', { inputResponses: {} }],
    ['a state', { requestState: 'abc' }],
    ['a level that does not exist', { level: 'trace' }],
    ['no name', { name: undefined, uri: undefined }],
    ['a number as name', { name: 7, uri: 7 }],
    ['a name that is not there', { name: 'nobody', uri: 'test://nobody' }],
    ['a name that all objects have', { name: 'constructor', uri: 'constructor' }],
    ['no arguments', { arguments: undefined }],
    ['arguments that are a list', { arguments: [] }],
    ['arguments that are no texts', { arguments: { who: 7 } }],
    ['arguments that are empty', { arguments: { who: '' } }],
    ['arguments too many', { arguments: { who: 'you', more: 'x' } }],
    ['arguments named __proto__', { arguments: JSON.parse('{"who":"you","__proto__":"x"}') }],
  ])('with %s', async (_what, changes) => {
    for (const [method, params] of REQUESTS) await compare(make(method, { ...params, ...changes }));
  });

  it.each([...RESOURCE_URIS])('reads %s', async (uri) => {
    await compare(make('resources/read', { uri }));
    await compare(make('resources/read', { uri, _meta: { progressToken: 1 } }));
  });

  it.each([
    'test://items/a%20b',
    'test://items/%',
    'test://items/',
    'test://items/a/b',
    'test://items/a,b',
    'test://items/special',
    'test://files/a/b/c.txt',
    'test://files/a?b=c#d',
    'test://other/special',
    'test://lost/a/b',
    'TEST://plain',
    'test://plain/',
    ' test://plain ',
    'test:plain',
    'note:///nothing',
    'notes://recent',
    'http://localhost',
    'not an address',
    '',
    `test://items/${'x'.repeat(5_000)}`,
  ])('reads %s, which is odd', async (uri) => {
    await compare(make('resources/read', { uri }));
  });

  it('lists resources in pages', async () => {
    const nextOf = async (server: RunningHttp, cursor?: string) => {
      const params = cursor === undefined ? {} : { cursor };
      const answer = await send(server.port, make('resources/list', params));
      const { result } = messageOf(answer) as { result?: { nextCursor?: string } };
      return [answer, result?.nextCursor] as const;
    };
    const [ours, theirs] = await Promise.all([nextOf(fast), nextOf(library)]);
    expect(ours[1]).toMatch(/./);
    const [more, others] = await Promise.all([nextOf(fast, ours[1]), nextOf(library, theirs[1])]);
    expect(seen(ours[0])).toEqual(seen(theirs[0]));
    expect(seen(more[0])).toEqual(seen(others[0]));
  });

  it.each([...PROMPT_NAMES])('gets %s', async (name) => {
    await compare(make('prompts/get', { name }));
    await compare(make('prompts/get', { name, arguments: { text: 'a', who: 'you' } }));
    await compare(make('prompts/get', { name, arguments: { text: 'no' } }));
  });

  it.each(NAMES)('calls %s without arguments', async (name) => {
    await compare(make('tools/call', { name }));
    await compare(make('tools/call', { name, arguments: {} }));
  });

  it.each<[string, Params]>([
    ['an argument', { name: 'echo', arguments: { text: 'hello' } }],
    ['an argument of a wrong type', { name: 'echo', arguments: { text: 1 } }],
    ['an argument too much', { name: 'strict', arguments: { n: 1, more: 2 } }],
    [
      'a list that is too long',
      { name: 'strict', arguments: { n: 1, list: ['a', 'b', 'c', 'd'] } },
    ],
    ['a transformed argument', { name: 'turned', arguments: { n: '7' } }],
    ['a check that takes its time', { name: 'asked', arguments: { n: 1 } }],
    ['such a check that fails', { name: 'asked', arguments: { n: -1 } }],
    ['a name that all objects have', { name: 'constructor', arguments: {} }],
    ['__proto__', { name: '__proto__', arguments: {} }],
    ['an empty name', { name: '' }],
    ['a number as name', { name: 7 }],
    ['no name', {}],
    ['arguments that are a list', { name: 'echo', arguments: [] }],
    ['arguments that are null', { name: 'echo', arguments: null }],
    ['arguments named __proto__', { name: 'odd', arguments: JSON.parse('{"__proto__":{"a":1}}') }],
    ['another field', { name: 'echo', arguments: {}, task: { ttl: 1 } }],
    [
      'answers that nobody asked for',
      { name: 'form', inputResponses: { form: { action: 'accept', content: { yes: true } } } },
    ],
    ['a header argument without its header', { name: 'region', arguments: { region: 'eu' } }],
  ])('calls with %s', async (_what, params) => {
    await compare(make('tools/call', params));
  });

  it.each<[string, unknown]>([
    ['a text', 'abc'],
    ['an empty text', ''],
    ['zero', 0],
    ['a negative number', -1],
    ['a fraction', 1.5],
    ['a huge number', 2 ** 60],
    ['null', null],
    ['an object', {}],
    ['a flag', true],
    ['text that needs escaping', '"\\\u2028\u0007'],
  ])('with %s as id', async (_what, id) => {
    for (const [method, params] of REQUESTS) await compare(make(method, params, id));
  });

  it('with the names of others and with scopes that are missing', async () => {
    const headers = { 'x-api-key': KEYS.reader };
    for (const name of [...NAMES, 'search_notes', 'create_note']) {
      const request = make('tools/call', { name, arguments: { query: '' } });
      await compare({ ...request, headers: { ...request.headers, ...headers } });
    }
    const requests = [
      ...REQUESTS,
      ...[...RESOURCE_URIS, 'notes://recent', 'note:///a'].map(
        (uri) => ['resources/read', { uri }] as const,
      ),
      ...[...PROMPT_NAMES, 'summarise_notes'].map((name) => ['prompts/get', { name }] as const),
    ];
    for (const [method, params] of requests) {
      const request = make(method, params);
      await compare({ ...request, headers: { ...request.headers, ...headers } });
    }
  });

  it.each<[string, Readonly<Record<string, string | undefined>>]>([
    ['no version', { 'mcp-protocol-version': undefined }],
    ['an old version', { 'mcp-protocol-version': '2025-06-18' }],
    ['the first version', { 'mcp-protocol-version': '2024-11-05' }],
    ['a version that does not exist', { 'mcp-protocol-version': '2027-01-01' }],
    ['the version of the other era', { 'mcp-protocol-version': '2026-07-28' }],
    ['blanks around the version', { 'mcp-protocol-version': '  2026-07-28  ' }],
    ['no method', { 'mcp-method': undefined }],
    ['another method', { 'mcp-method': 'tools/list' }],
    ['the method in other letters', { 'mcp-method': 'Tools/Call' }],
    ['no name', { 'mcp-name': undefined }],
    ['another name', { 'mcp-name': 'slow' }],
    ['an encoded name', { 'mcp-name': '=?base64?ZWNobw==?=' }],
    ['a badly encoded name', { 'mcp-name': '=?base64?%%%?=' }],
    ['a header argument', { 'mcp-param-region': 'eu' }],
    ['a session', { 'mcp-session-id': 'abc' }],
    ['an event to go on from', { 'last-event-id': '7' }],
    ['nothing acceptable', { accept: 'text/html' }],
    ['JSON alone', { accept: 'application/json' }],
    ['streams alone', { accept: 'text/event-stream' }],
    ['everything acceptable', { accept: '*/*' }],
    ['no accept', { accept: undefined }],
    ['accept in other letters', { accept: 'APPLICATION/JSON, TEXT/EVENT-STREAM' }],
    ['accept with a weight', { accept: 'application/json;q=0, text/event-stream;q=0.1' }],
  ])('with headers that say %s', async (_what, headers) => {
    for (const request of [
      ...REQUESTS.map(([method, params]) => make(method, params)),
      make('tools/call', { name: 'region', arguments: { region: 'eu' } }),
    ]) {
      await compare({ ...request, headers: { ...request.headers, ...headers } });
    }
  });

  it('with a header that is sent twice', async () => {
    for (const [method, params] of REQUESTS) {
      for (const name of ['mcp-name', 'mcp-method', 'mcp-protocol-version', 'accept']) {
        await compare({ ...make(method, params), moreHeaders: [[name, 'echo']] });
      }
    }
  });

  it.each<[string, Params]>([
    ['another key', { more: 1 }],
    ['a result', { result: {} }],
    ['an error', { error: { code: 1, message: 'x' } }],
    ['an old version', { jsonrpc: '1.0' }],
    ['a list as params', { params: [] }],
    ['null as params', { params: null }],
    ['a method that does not exist', { method: 'tools/steal' }],
    ['a cursor', { params: { cursor: 'abc' } }],
  ])('with a message that has %s', async (_what, changes) => {
    for (const [method, params] of REQUESTS) {
      const request = make(method, params);
      await compare({ ...request, body: { ...request.body, ...changes } });
    }
  });

  it('in batches', async () => {
    const one = make('tools/call', { name: 'echo' }, 1);
    const two = make('tools/list', {}, 2);
    await compare({ ...one, body: [one.body] });
    await compare({ ...one, body: [one.body, two.body] });
  });
});

describe('a client of 2025', () => {
  it.each<[string, Params]>([
    ['an older version', { protocolVersion: '2024-11-05' }],
    ['the first version', { protocolVersion: '2024-10-07' }],
    ['a version that does not exist', { protocolVersion: '2099-01-01' }],
    ['the version of the other era', { protocolVersion: '2026-07-28' }],
    ['no version', { protocolVersion: undefined }],
    ['a number as version', { protocolVersion: 7 }],
    ['everything that it can do', { capabilities: EVERYTHING }],
    ['what nobody knows', { capabilities: { other: 7, sampling: { more: 1 } } }],
    [
      'forms that apply defaults',
      { capabilities: { elicitation: { form: { applyDefaults: true } } } },
    ],
    ['odd forms', { capabilities: { elicitation: { form: { applyDefaults: 1 }, more: {} } } }],
    ['an odd list of roots', { capabilities: { roots: { listChanged: 'yes' } } }],
    ['odd extensions', { capabilities: { extensions: { a: 1 }, experimental: [] } }],
    ['odd tasks', { capabilities: { tasks: { list: 1, requests: { sampling: 1 } } } }],
    ['no capabilities', { capabilities: undefined }],
    ['null as capabilities', { capabilities: null }],
    ['a long introduction', { clientInfo: CLIENT }],
    ['no name', { clientInfo: { version: '1' } }],
    ['odd icons', { clientInfo: { ...CLIENT, icons: [{ src: 1 }] } }],
    ['odd icons in themes', { clientInfo: { ...CLIENT, icons: [{ src: 'a', theme: 'red' }] } }],
    ['no introduction', { clientInfo: undefined }],
    ['another field', { other: 1 }],
  ])('introduces itself with %s', async (_, changes) => {
    await compare(legacy('initialize', introduction(changes)));
    const { body } = legacy('initialize', introduction(changes));
    await compare({ body, headers: {} });
    await compare({ body, headers: { 'mcp-protocol-version': '2099-01-01' } });
  });

  it.each<[string, unknown]>([
    ['notifications/initialized', undefined],
    ['notifications/initialized', {}],
    ['notifications/initialized', { _meta: { progressToken: 1, 'example.com/a': {} } }],
    ['notifications/initialized', { _meta: { progressToken: {} } }],
    ['notifications/initialized', { other: 1 }],
    ['notifications/initialized', []],
    ['notifications/cancelled', { requestId: 1, reason: 'late' }],
    ['notifications/cancelled', { requestId: {} }],
    ['notifications/roots/list_changed', undefined],
    ['notifications/made_up', undefined],
    ['tools/list', undefined],
  ])('notifies of %s with %j', async (method, params) => {
    const body = { jsonrpc: '2.0', method, ...(params !== undefined && { params }) };
    for (const version of ['2025-11-25', '2024-11-05', '2026-07-28', '2099-01-01', undefined]) {
      await compare({ body, headers: { 'mcp-protocol-version': version } });
    }
    await compare({ body, headers: { accept: 'application/json' } });
    await compare({ body: { ...body, id: null } });
    await compare({ body: { ...body, more: 1 } });
    await compare({ body: [body] });
  });
});

/** Values that a client may put where others are expected. */
const oddValue = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1.5,
    '',
    'x',
    [],
    {},
    [1],
    { a: 1 },
    '2026-07-28',
    '2025-11-25',
  ),
  fc.jsonValue({ maxDepth: 2 }),
);
const META = 'io.modelcontextprotocol/';
const metaKey = fc.constantFrom(
  `${META}protocolVersion`,
  `${META}clientInfo`,
  `${META}clientCapabilities`,
  `${META}logLevel`,
  `${META}other`,
  'progressToken',
  'traceparent',
  'tracestate',
  'baggage',
  'other',
);
const capabilities = fc.dictionary(
  fc.constantFrom('elicitation', 'sampling', 'roots', 'extensions', 'experimental', 'other'),
  fc.oneof(
    fc.constantFrom<unknown>(
      {},
      { form: {} },
      { url: {} },
      { listChanged: true },
      { tools: {} },
      { context: {} },
    ),
    oddValue,
  ),
  { maxKeys: 3 },
);
const clientInfo = fc.record(
  {
    name: fc.oneof(fc.constant('c'), oddValue),
    version: fc.constant('1'),
    title: oddValue,
    icons: oddValue,
  },
  { requiredKeys: [] },
);
const meta = fc.record(
  {
    changed: fc.dictionary(metaKey, oddValue, { maxKeys: 2 }),
    capabilities,
    clientInfo,
    dropped: fc.array(metaKey, { maxLength: 1 }),
  },
  { requiredKeys: [] },
);

describe('requests that somebody made up', () => {
  const NUMBER = 800;
  const given: Readonly<Record<string, Params>> = Object.fromEntries(REQUESTS);
  it(`${NUMBER} of them are answered alike`, async () => {
    const request = fc.record({
      era: fc.constantFrom('legacy' as const, 'modern' as const),
      method: fc.constantFrom('tools/call', ...REQUESTS.map(([method]) => method)),
      name: fc.oneof(fc.constantFrom(...NAMES, ...PROMPT_NAMES), oddValue),
      args: fc.option(
        fc.oneof(fc.dictionary(fc.constantFrom('text', 'n', 'ms', 'region'), oddValue), oddValue),
        { nil: undefined },
      ),
      id: fc.oneof(fc.constantFrom<unknown>(1, 'a'), oddValue),
      meta: fc.option(meta, { nil: undefined, freq: 2 }),
      extra: fc.dictionary(
        fc.constantFrom('cursor', 'inputResponses', 'requestState', 'other'),
        oddValue,
        {
          maxKeys: 1,
        },
      ),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ era, method, name, args, id, meta, extra }) => {
        const isNamed = method === 'tools/call' || method === 'prompts/get';
        const params = isNamed
          ? { name, arguments: args, ...extra }
          : { ...given[method], ...extra };
        const { headers, body } = makers[era](method, params, id);
        const sent = body as { params: { _meta?: Record<string, unknown> } };
        if (meta !== undefined) {
          const { changed = {}, dropped = [] } = meta;
          const all = {
            ...sent.params._meta,
            ...(meta.capabilities && { [`${META}clientCapabilities`]: meta.capabilities }),
            ...(meta.clientInfo && { [`${META}clientInfo`]: meta.clientInfo }),
            ...changed,
          };
          sent.params._meta = Object.fromEntries(
            Object.entries(all).filter(([key]) => !dropped.some((one) => one === key)),
          );
        }
        const head = Object.entries(headers).filter(([, value]) => /^[ -~]+$/.test(value));
        await compare({ headers: Object.fromEntries(head), body });
      }),
      { numRuns: NUMBER, seed: 4, endOnFailure: false },
    );
  }, 240_000);
});
