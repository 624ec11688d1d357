/** What a policy hides stays hidden, whichever way a caller takes: era, batch, header, spelling, prototype names. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Answer, type Era, eras, post, rpc } from '../support/rpc.js';
import {
  builtProject,
  type RunningHttp,
  startHttp,
  startProcess,
  stop,
} from '../support/server.js';

const POLICY = `
roles:
  owner:
    scopes: ["*"]
    allowed_tools: ["*"]
    allowed_resources: ["*"]
    allowed_prompts: ["*"]
  reader:
    scopes: [notes:read]
    allowed_tools: [read_note, search_*, delete_note]
    denied_tools: [delete_*]
    allowed_resources: ["note:///*"]
    denied_resources: ["note:///5ec*"]
  author:
    allowed_tools: [create_note]
    allowed_prompts: [summarise_notes]
`;

const RIGHTS = {
  owner: '',
  reader: ':notes:read',
  author: ':role=author',
  stranger: ':other',
  proto: ':role=__proto__ role=constructor',
};
type Name = keyof typeof RIGHTS;
const KEYS = Object.fromEntries(
  Object.keys(RIGHTS).map((name) => [name, randomBytes(24).toString('base64url')]),
) as Record<Name, string>;

let project: string;
let folder: string;
let server: RunningHttp;

beforeAll(async () => {
  project = await builtProject({ transport: ['stdio', 'http'], auth: 'api-key' });
  folder = await mkdtemp(join(tmpdir(), 'create-mcp-server-policy-'));
  await writeFile(join(folder, 'policy.yaml'), POLICY);
  server = await startHttp(project, environment(join(folder, 'policy.yaml')));
});
afterAll(async () => {
  await stop(server);
  await rm(folder, { recursive: true, force: true });
});

function environment(policy: string): Record<string, string> {
  const keys = Object.entries(RIGHTS).map(
    ([name, rights]) => `${name}:${KEYS[name as Name]}${rights}`,
  );
  return {
    MCP_API_KEYS: keys.join(','),
    DATABASE_URL: `file:${join(folder, 'test.db')}`,
    POLICY_PATH: policy,
    RATE_LIMIT_PER_MINUTE: '100000',
  };
}

const as = (name: Name, era: Era, { url } = server) => ({ url, key: KEYS[name], era });

/** Everything of one kind that a caller is told about. */
async function listed(name: Name, era: Era, from = server) {
  const ask = async (method: string, field: string, key: string) => {
    const { result } = await rpc(as(name, era, from), method);
    const items = result?.[field] as Record<string, string>[] | undefined;
    return (items ?? []).map((item) => item[key] ?? '').sort();
  };
  return {
    tools: await ask('tools/list', 'tools', 'name'),
    resources: await ask('resources/list', 'resources', 'uri'),
    templates: await ask('resources/templates/list', 'resourceTemplates', 'uriTemplate'),
    prompts: await ask('prompts/list', 'prompts', 'name'),
  };
}

/** An answer, without the name that was asked for. */
function without(name: string, answer: Answer): unknown {
  const written = JSON.stringify(name).slice(1, -1);
  return JSON.parse(JSON.stringify(answer).replaceAll(written, '<name>'));
}

async function makeNote(): Promise<string> {
  const call = { name: 'create_note', arguments: { title: 'Hidden', body: 'pearl' } };
  const { result } = await rpc(as('owner', '2026-07-28'), 'tools/call', call);
  const { note } = (result?.structuredContent ?? {}) as { note: { id: string } };
  return note.id;
}

describe.each(eras)('%s', (era) => {
  const nothing = { tools: [], resources: [], templates: [], prompts: [] };

  it.each<[Name, object]>([
    [
      'owner',
      {
        tools: ['create_note', 'delete_note', 'read_note', 'search_notes'],
        resources: expect.arrayContaining(['notes://recent']),
        templates: ['note:///{id}'],
        prompts: ['summarise_notes'],
      },
    ],
    [
      'reader',
      {
        tools: ['read_note', 'search_notes'],
        resources: expect.not.arrayContaining(['notes://recent']),
        templates: ['note:///{id}'],
        prompts: [],
      },
    ],
    ['author', { ...nothing, tools: ['create_note'], prompts: ['summarise_notes'] }],
    ['stranger', nothing],
    ['proto', nothing],
  ])('tells %s about nothing else than what its roles allow', async (name, expected) => {
    expect(await listed(name, era)).toEqual(expected);
  });

  it.each([
    'delete_note',
    'create_note',
    'DELETE_NOTE',
    'delete_note ',
    'delete_note\u0000',
    'ｄelete_note',
  ])('answers the tool %j as one that does not exist', async (name) => {
    const id = await makeNote();
    const call = (tool: string) =>
      rpc(as('reader', era), 'tools/call', { name: tool, arguments: { id } });
    const answer = await call(name);
    expect(answer.error?.code).toBe(-32602);
    expect(without(name, answer)).toEqual(without('no_such_tool', await call('no_such_tool')));
    const read = await rpc(as('owner', era), 'tools/call', {
      name: 'read_note',
      arguments: { id },
    });
    expect(read.result?.isError).toBeFalsy();
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'has no tool, prompt or resource %s',
    async (name) => {
      for (const caller of ['owner', 'reader', 'proto'] as const) {
        const tool = await rpc(as(caller, era), 'tools/call', { name, arguments: {} });
        expect(tool.error?.code).toBe(-32602);
        const prompt = await rpc(as(caller, era), 'prompts/get', { name });
        expect(prompt.error?.code).toBe(-32602);
        const resource = await rpc(as(caller, era), 'resources/read', { uri: name });
        expect(resource.error?.code).toBe(-32602);
      }
    },
  );

  it('answers a resource at a fixed address as one that does not exist', async () => {
    const read = (uri: string) => rpc(as('reader', era), 'resources/read', { uri });
    const hidden = await read('notes://recent');
    expect(hidden.error?.code).toBe(-32602);
    expect(without('recent', hidden)).toEqual(without('nowhere', await read('notes://nowhere')));
  });

  it('answers an address of a template as one that does not exist, however it is written', async () => {
    const id = await makeNote();
    const escaped = `%${id.charCodeAt(0).toString(16)}${id.slice(1)}`;
    const policy = POLICY.replace('5ec*', `${id.slice(0, 20)}*`);
    const other = await startWith(policy);
    const read = (uri: string) => rpc(as('reader', era, other), 'resources/read', { uri });
    const absent = crypto.randomUUID();
    const missing = await read(`note:///${absent}`);
    expect(missing.error?.code).toBe(-32602);
    for (const spelling of [id, escaped, `x/../${id}`, `.%2F${id}`, `%zz${id}`]) {
      const answer = await read(`note:///${spelling}`);
      expect(answer.result, spelling).toBeUndefined();
      expect(answer.error?.code, spelling).toBe(-32602);
    }
    const hidden = await read(`note:///${id}`);
    expect(without(id, hidden)).toEqual(without(absent, missing));
    const { resources } = await listed('reader', era, other);
    expect(resources).not.toContain(`note:///${id}`);
    const seen = await rpc(as('owner', era, other), 'resources/read', {
      uri: `note:///${escaped}`,
    });
    expect(seen.result).toBeDefined();
  });

  it('answers a prompt as one that does not exist, also to its completion', async () => {
    const get = (name: string) => rpc(as('reader', era), 'prompts/get', { name });
    expect(without('summarise_notes', await get('summarise_notes'))).toEqual(
      without('no_such_prompt', await get('no_such_prompt')),
    );
    const complete = (name: string) =>
      rpc(as('reader', era), 'completion/complete', {
        ref: { type: 'ref/prompt', name },
        argument: { name: 'topic', value: '' },
      });
    const answer = await complete('summarise_notes');
    expect(answer.result).toBeUndefined();
    expect(without('summarise_notes', answer)).toEqual(
      without('no_such_prompt', await complete('no_such_prompt')),
    );
  });
});

describe('an older era', () => {
  const DELETE = (id: string) => ({ name: 'delete_note', arguments: { id } });
  const expectKept = async (id: string) => {
    const read = { name: 'read_note', arguments: { id } };
    const { result } = await rpc(as('owner', '2025-11-25'), 'tools/call', read);
    expect(result?.structuredContent).toBeDefined();
  };

  it('does not open a tool in a batch', async () => {
    const id = await makeNote();
    const message = (n: number, name: string, args: object) => ({
      jsonrpc: '2.0',
      id: n,
      method: 'tools/call',
      params: { name, arguments: args },
    });
    const answers = await post(as('reader', '2025-11-25'), [
      message(1, 'search_notes', { text: 'pearl' }),
      message(2, 'delete_note', { id }),
      message(3, 'read_note', { id }),
      message(4, 'delete_note', { id }),
    ]);
    expect(answers.filter(({ result }) => result?.structuredContent)).not.toHaveLength(3);
    for (const answer of answers.filter((one) => one.id === 2 || one.id === 4)) {
      expect(answer.error?.code).toBe(-32602);
    }
    await expectKept(id);
  });

  it.each(['2024-10-07', '2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])(
    'does not open a tool when it is %s',
    async (version) => {
      const id = await makeNote();
      const caller = {
        ...as('reader', '2025-11-25'),
        headers: { 'mcp-protocol-version': version },
      };
      const { result, error } = await rpc(caller, 'tools/call', DELETE(id));
      expect(result).toBeUndefined();
      expect(error?.code).toBe(-32602);
      await expectKept(id);
    },
  );

  it('does not believe headers that name another tool', async () => {
    const id = await makeNote();
    const headers = { 'mcp-method': 'tools/call', 'mcp-name': 'search_notes' };
    for (const era of eras) {
      const caller = { ...as('reader', era), headers };
      const { result, error } = await rpc(caller, 'tools/call', DELETE(id));
      expect(result).toBeUndefined();
      expect(error).toBeDefined();
    }
    await expectKept(id);
  });
});

/** A server of its own with this policy; ends with the test. */
async function startWith(policy: string): Promise<RunningHttp & { readonly file: string }> {
  const file = join(await mkdtemp(join(folder, 'own-')), 'policy.yaml');
  await writeFile(file, policy);
  const other = await startHttp(project, environment(file));
  onTestFinished(async () => void (await stop(other)));
  return { ...other, file };
}

describe('a policy that changes', () => {
  const NOBODY = 'roles: {}\n';
  const tools = async (other: RunningHttp) => (await listed('owner', '2026-07-28', other)).tools;
  const soon = { timeout: 5_000, interval: 100 };

  it('counts without a restart, for what is listed and what is called', async () => {
    const other = await startWith(POLICY);
    expect(await tools(other)).toHaveLength(4);
    await writeFile(`${other.file}.new`, NOBODY);
    await rename(`${other.file}.new`, other.file);
    await vi.waitFor(async () => expect(await tools(other)).toEqual([]), soon);
    const call = { name: 'search_notes', arguments: { text: '' } };
    const { error } = await rpc(as('owner', '2025-11-25', other), 'tools/call', call);
    expect(error?.code).toBe(-32602);
    expect(other.stderr()).toContain('the policy has changed');
  });

  it('counts when a ConfigMap is exchanged behind a symbolic link', async () => {
    const mount = await mkdtemp(join(folder, 'mount-'));
    const version = async (name: string, text: string) => {
      const target = await mkdtemp(join(mount, name));
      await writeFile(join(target, 'policy.yaml'), text);
      await symlink(target, join(mount, '..data_tmp'));
      await rename(join(mount, '..data_tmp'), join(mount, '..data'));
    };
    await version('one', POLICY);
    await symlink('..data/policy.yaml', join(mount, 'policy.yaml'));
    const other = await startHttp(project, environment(join(mount, 'policy.yaml')));
    onTestFinished(async () => void (await stop(other)));
    expect(await tools(other)).toHaveLength(4);
    await version('two', NOBODY);
    await vi.waitFor(async () => expect(await tools(other)).toEqual([]), soon);
  });

  it.each([
    ['broken', 'roles: [', /:1: /],
    ['gone', undefined, /policy\.yaml/],
  ])('stays in force when the new file is %s, and the log says why', async (_, text, reason) => {
    const other = await startWith(POLICY.replace('[create_note]', '[delete_note]'));
    expect((await listed('author', '2026-07-28', other)).tools).toEqual(['delete_note']);
    if (text === undefined) await rm(other.file);
    else await writeFile(other.file, text);
    await vi.waitFor(() => expect(other.stderr()).toMatch('the one before it stays'), soon);
    expect(other.stderr()).toMatch(reason);
    expect((await listed('author', '2026-07-28', other)).tools).toEqual(['delete_note']);
    expect(await tools(other)).toHaveLength(4);

    await writeFile(other.file, POLICY);
    await vi.waitFor(
      async () =>
        expect((await listed('author', '2026-07-28', other)).tools).toEqual(['create_note']),
      soon,
    );
  });
});

it.each(['notes', 'minimal'])('the example in the policy of %s is right', async (starter) => {
  const made = await builtProject({ transport: 'http', auth: 'api-key', starter });
  const text = await readFile(join(made, 'policy.yaml'), 'utf8');
  const [rules = '', example = ''] = text.split(/^ {2}#$/m);
  const uncommented = `${text.slice(rules.length)}`.replaceAll(/^( {2})# ?/gm, '$1');
  expect(example).not.toBe('');
  const file = join(await mkdtemp(join(folder, 'example-')), 'policy.yaml');
  await writeFile(file, rules.replace(/^( {4})everyone: true$/m, '$1scopes: ["*"]') + uncommented);
  const other = await startHttp(made, environment(file));
  onTestFinished(async () => void (await stop(other)));
  expect((await listed('owner', '2026-07-28', other)).tools).not.toEqual([]);
  expect((await listed('stranger', '2026-07-28', other)).tools).toEqual([]);
});

describe('a server does not start', () => {
  it.each([
    [
      'with a typing error in the name of a tool',
      POLICY.replace('read_note', 'raed_note'),
      ':10: ',
    ],
    ['with a key that is not known', POLICY.replace('denied_tools', 'deny_tools'), ':11: '],
    ['with a role twice', `${POLICY}  reader: {}\n`, ':17: '],
    ['with a star in the middle', POLICY.replace('search_*', 's*_notes'), ':10: '],
    ['with broken YAML', `${POLICY}  x: [*]\n`, ':17: '],
    ['with an alias bomb', bomb(), ':1: '],
    ['with an empty file', '', ':1: '],
    ['without a file', undefined, 'POLICY_PATH'],
  ])('%s', async (_, policy, expected) => {
    const file = join(await mkdtemp(join(folder, 'bad-')), 'policy.yaml');
    if (policy !== undefined) await writeFile(file, policy);
    for (const script of ['http.js', 'stdio.js']) {
      const process = startProcess(project, script, environment(file));
      expect(await process.ended).toBe(1);
      expect(process.stderr()).toContain(expected);
      expect(process.stderr()).not.toMatch(/^\s+at /m);
      expect(process.stdout()).toBe('');
    }
  });

  it('and names every mistake at once', async () => {
    const file = join(await mkdtemp(join(folder, 'bad-')), 'policy.yaml');
    await writeFile(file, 'roles:\n  a: { scope: x }\n  b:\n    allowed_tools: [no, nope]\n');
    const { ended, stderr } = startProcess(project, 'http.js', environment(file));
    expect(await ended).toBe(1);
    for (const part of [':2: roles.a.scope', ':4: roles.b.allowed_tools.0', 'tool nope']) {
      expect(stderr()).toContain(part);
    }
  });
});

function bomb(): string {
  const levels = 'abcdefghij'.split('');
  const lines = levels.map((name, n) => {
    const before = levels[n - 1];
    const items = Array.from({ length: 10 }, () => (before ? `*${before}` : 'x'));
    return `${name}: &${name} [${items.join(', ')}]`;
  });
  return lines.join('\n');
}
