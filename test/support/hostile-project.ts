/** The project that is attacked: the default choices, and tools that tempt the server to say too much. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { temporaryFolder } from './cli.js';
import { type RawRequest, type RawResponse, rawRequest } from './raw-http.js';
import { builtProject } from './server.js';

/** Every secret of these tests contains this word: it must not turn up anywhere. */
export const MARK = 'MARKED';

export const KEYS = {
  alice: `${MARK}-alice-7Q2xW9KcV4bT`,
  bob: `${MARK}-bob-mZ7pT9rK2xV5bN`,
  reader: `${MARK}-reader-L8cJ5hF3sD1gA`,
} as const;

/** The environment of a server with these keys and a database of its own. */
export function hostileEnv(): Record<string, string> {
  const folder = temporaryFolder('create-mcp-server-hostile-');
  return {
    MCP_API_KEYS: `alice:${KEYS.alice},bob:${KEYS.bob},reader:${KEYS.reader}:notes:read role=reader`,
    DATABASE_URL: `file:${join(folder, 'hostile.db')}`,
    LOG_LEVEL: 'debug',
    RATE_LIMIT_PER_MINUTE: '100000',
    RATE_LIMIT_BURST: '100000',
  };
}

const PROBES = `
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/v4';
import { defineTool } from '../parts.js';

const annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
const SECRET = '${MARK}-in-a-dsn';

export const whoAmI = defineTool({
  name: 'who_am_i',
  title: 'Who am I',
  description: 'Tells who called, and what was sent, after a while.',
  input: z.object({ value: z.string(), ms: z.number().default(0) }),
  output: z.object({ caller: z.string(), value: z.string() }),
  annotations,
  async run({ value, ms }, ctx) {
    await sleep(ms, undefined, { signal: ctx.signal });
    return { caller: ctx.principal.id, value };
  },
});

export const leak = defineTool({
  name: 'leak',
  title: 'Leak',
  description: 'Fails and logs in the worst possible way.',
  input: z.object({ text: z.string().default('') }),
  output: z.object({}),
  annotations,
  run({ text }, ctx) {
    ctx.log.info({ headers: { authorization: SECRET, cookie: SECRET }, password: SECRET, text }, text);
    console.log(text);
    const cause = new Error('connect postgres://app:' + SECRET + '@10.0.0.7:5432/app');
    throw Object.assign(new Error('SELECT * FROM users; at /srv/app/secret.ts:1:2', { cause }), {
      token: SECRET,
    });
  },
});
`;

/** The folder of the built project. */
export function hostileProject(): Promise<string> {
  return builtProject({}, (files) => {
    files.set('src/tools/probes.ts', PROBES);
    const barrel = files.get('src/tools/index.ts');
    files.set('src/tools/index.ts', `${barrel}export { leak, whoAmI } from './probes.js';\n`);
  });
}

const LEAKS = [
  /MARKED/,
  /\.[cm]?[jt]s:\d+/,
  /node_modules|\/dist\/|\/srv\/|\/tmp\/|file:\/\//,
  /postgres:\/\/|SELECT |10\.0\.0\.7/,
];

/** What must hold for whatever leaves the server: no secret, no stack, no path, no SQL. */
export function expectDecent(text: string): void {
  for (const leak of LEAKS) expect(text).not.toMatch(leak);
}

export interface McpRequest extends Omit<RawRequest, 'headers' | 'body'> {
  /** Added to a right request, or in place of its headers; `undefined` leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly moreHeaders?: readonly (readonly [string, string])[];
  readonly body?: string | Uint8Array | object;
}

export const LIST_TOOLS = { jsonrpc: '2.0', id: 1, method: 'tools/list' };

/** A right request but for what is given; its answer is checked for leaks. */
export async function send(port: number, request: McpRequest = {}): Promise<RawResponse> {
  const { headers, moreHeaders = [], body = LIST_TOOLS, ...rest } = request;
  const all = {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'x-api-key': KEYS.alice,
    ...headers,
  };
  const pairs = Object.entries(all).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, value]],
  );
  const raw = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  const response = await rawRequest(port, {
    ...rest,
    headers: [...pairs, ...moreHeaders],
    body: raw,
  });
  expectDecent(response.text);
  return response;
}

/** The JSON-RPC message of an answer, also when it is framed as an event stream. */
export function messageOf(response: RawResponse): JsonRpcAnswer {
  const data = /^data: (.*)$/m.exec(response.body)?.[1] ?? response.body;
  return JSON.parse(data);
}

export interface JsonRpcAnswer {
  readonly id?: unknown;
  readonly result?: {
    readonly isError?: boolean;
    readonly content?: readonly { readonly text: string }[];
    readonly structuredContent?: Readonly<Record<string, unknown>>;
  };
  readonly error?: { readonly code: number; readonly message: string };
}

/** A request of 2026-07-28: what it says in its body, and the headers that go with it. */
export function modern(
  method: string,
  params: Readonly<Record<string, unknown>> = {},
  id: unknown = 1,
): { headers: Record<string, string>; body: object } {
  const version = '2026-07-28';
  const name = params['name'] ?? params['uri'];
  return {
    headers: {
      'mcp-protocol-version': version,
      'mcp-method': method,
      ...(typeof name === 'string' && { 'mcp-name': name }),
    },
    body: {
      jsonrpc: '2.0',
      id,
      method,
      params: {
        ...params,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': version,
          'io.modelcontextprotocol/clientInfo': { name: 'stranger', version: '1.0.0' },
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    },
  };
}

/** The same request as clients of 2025 send it. */
export function legacy(
  method: string,
  params: Readonly<Record<string, unknown>> = {},
  id: unknown = 1,
): { headers: Record<string, string>; body: object } {
  return {
    headers: { 'mcp-protocol-version': '2025-11-25' },
    body: { jsonrpc: '2.0', id, method, params },
  };
}

export const eras = [
  ['2025-11-25', legacy],
  ['2026-07-28', modern],
] as const;
