/**
 * Calls and lists of tools in their plain form are answered without the MCP SDK. Here the same requests go to a generated
 * server and to one that gives everything to the library: what comes back must be the same.
 */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { differentialProject, TOOL_NAMES as NAMES } from '../support/differential-project.js';
import {
  hostileEnv,
  KEYS,
  legacy,
  type McpRequest,
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

/** What a client sees of an answer, byte for byte but for references to the log and signed states. */
function seen({ status, headers, body }: RawResponse) {
  return {
    status,
    headers: Object.fromEntries([...headers].filter(([name]) => !CHANGING.includes(name))),
    body: body
      .replaceAll(/[0-9a-f-]{36}/g, '<id>')
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

describe.each(Object.entries(makers) as [string, Maker][])('%s', (_, make) => {
  it('lists the tools, also the second time', async () => {
    await compare(make('tools/list'));
    await compare(make('tools/list', {}, 'second'));
    await compare(make('server/discover'));
    await compare(make('server/discover', {}, 'second'));
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
    await compare(make('tools/call', { name: 'echo' }, id));
    await compare(make('tools/list', {}, id));
  });

  it('with the names of others and with scopes that are missing', async () => {
    const headers = { 'x-api-key': KEYS.reader };
    for (const name of [...NAMES, 'search_notes', 'create_note']) {
      const request = make('tools/call', { name, arguments: { query: '' } });
      await compare({ ...request, headers: { ...request.headers, ...headers } });
    }
    const list = make('tools/list');
    await compare({ ...list, headers: { ...list.headers, ...headers } });
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
      make('tools/call', { name: 'echo', arguments: { text: 'a' } }),
      make('tools/call', { name: 'region', arguments: { region: 'eu' } }),
      make('tools/list'),
      make('server/discover'),
    ]) {
      await compare({ ...request, headers: { ...request.headers, ...headers } });
    }
  });

  it('with a header that is sent twice', async () => {
    const request = make('tools/call', { name: 'echo' });
    for (const name of ['mcp-name', 'mcp-method', 'mcp-protocol-version', 'accept']) {
      await compare({ ...request, moreHeaders: [[name, 'echo']] });
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
    const requests = [
      make('tools/call', { name: 'echo' }),
      make('tools/list'),
      make('server/discover'),
    ];
    for (const request of requests) {
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
  const NUMBER = 600;
  it(`${NUMBER} of them are answered alike`, async () => {
    const request = fc.record({
      era: fc.constantFrom('legacy' as const, 'modern' as const),
      method: fc.constantFrom('tools/call', 'tools/call', 'tools/list', 'server/discover'),
      name: fc.oneof(fc.constantFrom(...NAMES), oddValue),
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
        const params = method === 'tools/call' ? { name, arguments: args, ...extra } : extra;
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
