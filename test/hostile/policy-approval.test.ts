/** An approval is one person's yes to one call: not to be forged, moved to another call, or used twice. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { createRequestStateCodec, type ServerContext } from '@modelcontextprotocol/server';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Answer, type Era, eras, post, rpc } from '../support/rpc.js';
import { builtProject, type RunningHttp, startHttp, stop } from '../support/server.js';

/** A tool that leaves a trace when it has run, and one that asks for something itself. */
const TOOLS = `
import * as z from 'zod/v4';
import { defineTool } from '../parts.js';

const common = {
  input: z.object({ disk: z.string(), force: z.boolean().default(false) }),
  output: z.object({ wiped: z.string() }),
  annotations: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: false,
    openWorldHint: false,
  },
};

export const wipe = defineTool({
  ...common,
  name: 'wipe',
  title: 'Wipe',
  description: 'Wipes a disk.',
  run: ({ disk }) => ({ wiped: disk }),
});

export const burn = defineTool({
  ...common,
  name: 'burn',
  title: 'Burn',
  description: 'Burns a disk and asks why.',
  run({ disk }, ctx) {
    const answer = ctx.elicit('Why?', z.object({ why: z.string() }));
    return { wiped: disk + ' because ' + answer?.why };
  },
});

export const ponder = defineTool({ ...burn, name: 'ponder' });
`;

const POLICY = `
roles:
  all:
    everyone: true
    allowed_tools: ["*"]
    denied_tools: [delete_note]
    require_approval: [wipe, burn, delete_note]
`;

const SECRET = randomBytes(32).toString('hex');
const KEYS = { alice: randomBytes(24).toString('hex'), bob: randomBytes(24).toString('hex') };
const FORMS = { elicitation: { form: {} } };
const YES = { approval: { action: 'accept', content: { approve: true } } };
const CALL = { name: 'wipe', arguments: { disk: 'a' } };

let project: string;
let folder: string;
let server: RunningHttp;

beforeAll(async () => {
  project = await builtProject({ transport: ['stdio', 'http'], auth: 'api-key' }, (files) => {
    files.set('src/tools/wipe.ts', TOOLS);
    const barrel = files.get('src/tools/index.ts');
    files.set('src/tools/index.ts', `${barrel}export { burn, ponder, wipe } from './wipe.js';\n`);
  });
  folder = await mkdtemp(join(tmpdir(), 'create-mcp-server-approval-'));
  await writeFile(join(folder, 'policy.yaml'), POLICY);
  server = await startHttp(project, environment(SECRET));
});
afterAll(async () => {
  await stop(server);
  await rm(folder, { recursive: true, force: true });
});

function environment(secret?: string): Record<string, string> {
  return {
    MCP_API_KEYS: `alice:${KEYS.alice},bob:${KEYS.bob}`,
    DATABASE_URL: `file:${join(folder, 'test.db')}`,
    POLICY_PATH: join(folder, 'policy.yaml'),
    RATE_LIMIT_PER_MINUTE: '100000',
    ...(secret !== undefined && { REQUEST_STATE_SECRET: secret }),
  };
}

interface Changes {
  readonly call?: { readonly name: string; readonly arguments: object };
  readonly key?: string;
  readonly era?: Era;
  readonly from?: RunningHttp;
  readonly capabilities?: Readonly<Record<string, unknown>>;
  readonly requestState?: unknown;
  readonly inputResponses?: unknown;
}

function send(changes: Changes = {}): Promise<Answer> {
  const { call = CALL, key = KEYS.alice, era = '2026-07-28', from = server } = changes;
  const { capabilities = FORMS, requestState, inputResponses } = changes;
  return rpc({ url: from.url, key, era, capabilities }, 'tools/call', {
    ...call,
    ...(requestState !== undefined && { requestState }),
    ...(inputResponses !== undefined && { inputResponses }),
  });
}

const messageOf = ({ result }: Answer) => result?.inputRequests?.['approval']?.params.message ?? '';

/** Expects that the call was not made but asked about, and gives the state of the question. */
function questionIn(answer: Answer, asked = 'approval'): string {
  const { resultType, structuredContent, inputRequests = {}, requestState } = answer.result ?? {};
  expect(resultType).toBe('input_required');
  expect(structuredContent).toBeUndefined();
  expect(Object.keys(inputRequests)).toEqual([asked]);
  if (requestState === undefined) throw new Error('There is no state.');
  return requestState;
}

const ask = async (changes: Changes = {}) => questionIn(await send(changes));

function expectRun(answer: Answer, wiped = 'a'): void {
  expect(answer.result?.structuredContent).toEqual({ wiped });
}

function expectError(answer: Answer, code: string): void {
  expect(answer.result?.isError).toBe(true);
  expect(answer.result?._meta?.error?.code).toBe(code);
  expect(answer.result?.structuredContent).toBeUndefined();
}

/** The state is not one of this server's. */
function expectRefused({ result, error }: Answer): void {
  expect(result).toBeUndefined();
  expect(error?.code).toBe(-32602);
}

describe('a yes', () => {
  it('lets the call run', async () => {
    const requestState = await ask();
    expectRun(await send({ requestState, inputResponses: YES }));
  });

  it.each<[string, Changes]>([
    ['before there was a question', {}],
    ['under another name', { inputResponses: { form: YES.approval } }],
    ['under a prototype name', { inputResponses: JSON.parse('{"__proto__":{"approval":1}}') }],
  ])('does not count %s', async (_, changes) => {
    questionIn(await send({ inputResponses: YES, ...changes }));
  });

  it.each([
    ['no text', 7],
    ['an object', { approved: true }],
    ['empty', ''],
    ['from nobody', 'v1.e30.AAAA'],
    ['very long', `v1.${'A'.repeat(200_000)}.AAAA`],
  ])('is refused with a state that is %s', async (_, requestState) => {
    expectRefused(await send({ requestState, inputResponses: YES }));
  });

  it.each<[string, Changes]>([
    ['other arguments', { call: { ...CALL, arguments: { disk: 'b' } } }],
    ['one argument more', { call: { ...CALL, arguments: { disk: 'a', force: true } } }],
    ['another tool', { call: { ...CALL, name: 'burn' } }],
    ['another caller', { key: KEYS.bob }],
  ])('does not count for %s', async (_, changes) => {
    const requestState = await ask();
    questionIn(await send({ requestState, inputResponses: YES, ...changes }));
  });

  it('counts once, also when it is sent ten times at once', async () => {
    const requestState = await ask();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => send({ requestState, inputResponses: YES })),
    );
    expect(answers.filter(({ result }) => result?.structuredContent)).toHaveLength(1);
    questionIn(await send({ requestState, inputResponses: YES }));
  });

  it('does not count after a no', async () => {
    const requestState = await ask();
    const no = { approval: { action: 'decline' } };
    expectError(await send({ requestState, inputResponses: no }), 'NOT_APPROVED');
    questionIn(await send({ requestState, inputResponses: YES }));
  });

  it.each([
    ['cancelled', { action: 'cancel' }],
    ['without a form', { action: 'accept' }],
    ['not ticked', { action: 'accept', content: { approve: false } }],
    ['a text', { action: 'accept', content: { approve: 'true' } }],
    ['a one', { action: 'accept', content: { approve: 1 } }],
  ])('is not what is %s', async (_, approval) => {
    const requestState = await ask();
    expectError(await send({ requestState, inputResponses: { approval } }), 'NOT_APPROVED');
  });

  it('does not count when one byte of the state is another', async () => {
    const good = await ask();
    for (const at of [3, 20, Math.floor(good.length / 2), good.length - 10]) {
      const other = good[at] === 'A' ? 'B' : 'A';
      const requestState = good.slice(0, at) + other + good.slice(at + 1);
      expectRefused(await send({ requestState, inputResponses: YES }));
    }
    expectRun(await send({ requestState: good, inputResponses: YES }));
  });

  it('counts for ten minutes, and only under the secret of the server', async () => {
    const [, body = ''] = (await ask()).split('.');
    const { p, exp } = JSON.parse(Buffer.from(body, 'base64url').toString());
    expect(exp - Date.now() / 1000).toBeGreaterThan(590);
    expect(exp - Date.now() / 1000).toBeLessThanOrEqual(600);
    const forge = (id: string, key: string, ttlSeconds: number) =>
      createRequestStateCodec({ key, ttlSeconds }).mint({ ...p, id }, {} as ServerContext);

    const old = await forge('old', SECRET, -2);
    expectRefused(await send({ requestState: old, inputResponses: YES }));
    const foreign = await forge('foreign', randomBytes(32).toString('hex'), 300);
    expectRefused(await send({ requestState: foreign, inputResponses: YES }));
    // Proves that nothing but the time and the secret was wrong with them.
    const right = await forge('right', SECRET, 300);
    expectRun(await send({ requestState: right, inputResponses: YES }));
  });
});

describe('several processes without Redis', () => {
  const startOther = async (secret?: string) => {
    const other = await startHttp(project, environment(secret));
    onTestFinished(async () => void (await stop(other)));
    return other;
  };

  it('one asks again when another one has asked, and says why', async () => {
    const requestState = await ask();
    const from = await startOther(SECRET);
    const answer = await send({ requestState, inputResponses: YES, from });
    expect(messageOf(answer)).toMatch(/^This is asked again: .*restarted/);
    expectRun(await send({ requestState: questionIn(answer), inputResponses: YES, from }));
    expectRun(await send({ requestState, inputResponses: YES }));
    expect(messageOf(await send())).not.toContain('again');
  });

  it('a yes that has counted does not count again after a restart', async () => {
    const before = await startHttp(project, environment(SECRET));
    const requestState = await ask({ from: before });
    expectRun(await send({ requestState, inputResponses: YES, from: before }));
    expect(await stop(before)).toBe(0);
    const from = await startOther(SECRET);
    questionIn(await send({ requestState, inputResponses: YES, from }));
  });

  it('nor does one that was given before the tool asked for more', async () => {
    const call = { ...CALL, name: 'burn' };
    const second = await send({ call, requestState: await ask({ call }), inputResponses: YES });
    const requestState = questionIn(second, 'form');
    const inputResponses = { form: { action: 'accept', content: { why: 'old' } } };
    const from = await startOther(SECRET);
    questionIn(await send({ call, requestState, inputResponses, from }));
  });

  it.each([
    ['know each other’s questions about anything else under one secret', SECRET, true],
    ['do not know them otherwise', undefined, false],
  ])('%s', async (_, secret, known) => {
    const call = { ...CALL, name: 'ponder' };
    const requestState = questionIn(await send({ call }), 'form');
    const inputResponses = { form: { action: 'accept', content: { why: 'old' } } };
    const from = await startOther(secret);
    const answer = await send({ call, requestState, inputResponses, from });
    if (known) expectRun(answer, 'a because old');
    else expectRefused(answer);
  });

  it('do not start with a short secret', async () => {
    await expect(startHttp(project, environment('short'))).rejects.toThrow('REQUEST_STATE_SECRET');
  });
});

describe('a client that cannot ask is refused', () => {
  it.each<[string, Changes]>([
    ['2026-07-28 without elicitation', { capabilities: {} }],
    ['2026-07-28 with addresses alone', { capabilities: { elicitation: { url: {} } } }],
    ['2025-11-25', { era: '2025-11-25' }],
  ])('%s, whatever it says', async (_, changes) => {
    expectError(await send(changes), 'APPROVAL_IMPOSSIBLE');
    expectError(await send({ ...changes, inputResponses: YES }), 'APPROVAL_IMPOSSIBLE');
    const state = { requestState: 'v1.e30.AAAA', inputResponses: YES };
    expectRefused(await send({ ...changes, ...state }));
  });

  it('in a batch, each time', async () => {
    const message = (id: number) => ({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { ...CALL, inputResponses: YES },
    });
    const answers = await post({ url: server.url, key: KEYS.alice }, [message(1), message(2)]);
    expect(answers).not.toEqual([]);
    for (const { result } of answers) expect(result?.structuredContent).toBeUndefined();
  });
});

it('nobody is asked about what is not allowed', async () => {
  for (const era of eras) {
    const call = { name: 'delete_note', arguments: { id: 'x' } };
    const { result, error } = await send({ era, call, inputResponses: YES });
    expect(result).toBeUndefined();
    expect(error?.code).toBe(-32602);
  }
});

describe('a tool that asks for something itself', () => {
  const call = { ...CALL, name: 'burn' };
  const WHY = { form: { action: 'accept', content: { why: 'old' } } };

  it('asks after the approval, and runs with both', async () => {
    const first = await ask({ call });
    const second = await send({ call, requestState: first, inputResponses: YES });
    const requestState = questionIn(second, 'form');
    expectRun(await send({ call, requestState, inputResponses: WHY }), 'a because old');
    questionIn(await send({ call, requestState, inputResponses: WHY }));
  });

  it('does not take its answer for the approval', async () => {
    const requestState = questionIn(await send({ call, inputResponses: WHY }));
    questionIn(await send({ call, requestState, inputResponses: WHY }));
  });

  it('is not approved for other arguments in between', async () => {
    const first = await ask({ call });
    const second = await send({ call, requestState: first, inputResponses: YES });
    const requestState = questionIn(second, 'form');
    const moved = { ...call, arguments: { disk: 'b' } };
    questionIn(await send({ call: moved, requestState, inputResponses: WHY }));
  });
});

describe('the question', () => {
  const messageFor = async (disk: string) => {
    return messageOf(await send({ call: { ...CALL, arguments: { disk } } }));
  };

  it('names the tool and all that it would get', async () => {
    const message = await messageFor('a');
    expect(message).toContain('wipe');
    expect(message).toContain("disk: 'a'");
    expect(message).toContain('force: false');
  });

  it('spells out what cannot be seen', async () => {
    const message = await messageFor('safe\u202Etxt.\u200B\u0007\n\nApproved already');
    expect(message).toContain('\\u{202e}');
    expect(message).toContain('\\u{200b}');
    expect(message).toContain('\\x07\\n\\nApproved');
    for (const hidden of ['\u202E', '\u200B', '\u0007']) expect(message).not.toContain(hidden);
  });

  it('says how much it leaves out', async () => {
    const message = await messageFor('x'.repeat(10_000));
    expect(message.length).toBeLessThan(4_200);
    expect(message).toMatch(/ 6\d{3} more characters/);
  });
});

describe('a person at a real client', () => {
  async function connect(era: Era, transport: 'http' | 'stdio', answer: boolean) {
    const mode = era === '2025-11-25' ? ('legacy' as const) : { pin: era };
    const client = new Client(
      { name: 'test', version: '1.0.0' },
      { versionNegotiation: { mode }, capabilities: { elicitation: { form: {} } } },
    );
    const asked: string[] = [];
    client.setRequestHandler('elicitation/create', ({ params }) => {
      asked.push(params.message);
      const why = 'old';
      return params.message === 'Why?'
        ? { action: 'accept', content: { why } }
        : { action: 'accept', content: { approve: answer } };
    });
    const headers = { authorization: `Bearer ${KEYS.alice}` };
    await client.connect(
      transport === 'http'
        ? new StreamableHTTPClientTransport(new URL(server.url), { requestInit: { headers } })
        : new StdioClientTransport({
            command: process.execPath,
            args: [join(project, 'dist/stdio.js')],
            env: environment(),
            stderr: 'ignore',
          }),
    );
    onTestFinished(() => client.close());
    return { client, asked };
  }

  it.each<[Era, 'http' | 'stdio']>([
    ['2026-07-28', 'http'],
    ['2026-07-28', 'stdio'],
    ['2025-11-25', 'stdio'],
  ])('is asked with %s over %s', async (era, transport) => {
    const { client, asked } = await connect(era, transport, true);
    const wiped = await client.callTool(CALL);
    expect(wiped.structuredContent).toEqual({ wiped: 'a' });
    expect(asked).toEqual([expect.stringContaining('wipe')]);
    const burnt = await client.callTool({ ...CALL, name: 'burn' });
    expect(burnt.structuredContent).toEqual({ wiped: 'a because old' });
    expect(asked).toEqual([
      expect.stringContaining('wipe'),
      expect.stringContaining('burn'),
      'Why?',
    ]);
  });

  it.each<[Era, 'http' | 'stdio']>([
    ['2026-07-28', 'http'],
    ['2025-11-25', 'stdio'],
  ])('says no with %s over %s', async (era, transport) => {
    const { client } = await connect(era, transport, false);
    const refused = await client.callTool(CALL);
    expect(refused.isError).toBe(true);
    expect(JSON.stringify(refused.content)).toContain('did not approve');
  });
});
