import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest';
import {
  type CliOptions,
  type CliResult,
  runCli,
  startCli,
  temporaryFolder,
} from '../support/cli.js';
import { Key, TestTerminal } from '../support/terminal.js';

const BARREL = 'src/tools/index.ts';
const EXAMPLE = [
  ...['search_orders', '--description', 'Finds orders.', '--param', 'customer:string:Customer id'],
  ...['--param', 'limit:int=20:How many', '--param', 'state:enum(open,paid)?', '--read-only'],
];

let project = '';

beforeEach(async () => {
  const folder = temporaryFolder();
  const { code } = await runCli(['my-server', '--yes', '--no-install', '--no-git'], {
    cwd: folder,
  });
  expect(code).toBe(0);
  project = path.join(folder, 'my-server');
});

const addTool = (args: readonly string[], options: Partial<CliOptions> = {}): Promise<CliResult> =>
  runCli(['add-tool', ...args], { cwd: project, program: 'gen', ...options });

const read = (file: string) => readFileSync(path.join(project, file), 'utf8');
const write = (file: string, text: string) => writeFileSync(path.join(project, file), text);

/** Every file of the project, by path. */
function snapshot(): Record<string, string> {
  const entries = readdirSync(project, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => [path.relative(project, file), readFileSync(file, 'base64')] as const);
  return Object.fromEntries(entries);
}

async function expectRefusal(args: readonly string[], code: number, message: string | RegExp) {
  const before = snapshot();
  const result = await addTool(args);
  expect(result).toMatchObject({ code, stdout: '' });
  expect(result.stderr).toMatch(message);
  expect(snapshot()).toEqual(before);
}

test('it writes the tool, its test and one line, and nothing else', async () => {
  const before = snapshot();
  const lines = read(BARREL).split('\n');
  const { code, stdout, stderr } = await addTool(EXAMPLE);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('src/tools/search-orders.ts');
  expect(stdout).toContain('npm run check');

  const {
    'src/tools/search-orders.ts': tool,
    'test/tools/search-orders.test.ts': own,
    ...others
  } = snapshot();
  expect(tool && own).toBeTruthy();
  expect({ ...others, [BARREL]: '' }).toEqual({ ...before, [BARREL]: '' });
  const line = "export { searchOrders } from './search-orders.js';";
  expect(
    read(BARREL)
      .split('\n')
      .filter((one) => one !== line),
  ).toEqual(lines);
  expect(read('src/tools/search-orders.ts')).toContain(
    "limit: z.int().default(20).describe('How many'),",
  );
  expect(read('src/tools/search-orders.ts')).toContain('readOnlyHint: true,');
});

test('a project of an older layout is refused, untouched', async () => {
  renameSync(path.join(project, 'src/parts.ts'), path.join(project, 'src/tools/define-tool.ts'));
  await expectRefusal(EXAMPLE, 1, /src\/parts\.ts is missing: an older version generated this/);
});

test('it works from any folder in the project, and reports as JSON', async () => {
  const cwd = path.join(project, 'src', 'tools');
  const { code, stdout, stderr } = await addTool([...EXAMPLE, '--json'], { cwd });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({
    ok: true,
    code: 0,
    files: ['src/tools/search-orders.ts', 'test/tools/search-orders.test.ts', BARREL],
    scopes: [],
    problems: [],
    warnings: [expect.stringMatching(/^Every authenticated caller: no scope is required/)],
  });
});

describe('who may call the tool', () => {
  const SEVERAL = ['--scope', 'orders:read, orders:audit', '--scope', 'notes:read'];

  test('without a scope: everyone, and the report says so and how to change it', async () => {
    const { stdout } = await addTool(EXAMPLE);
    expect(stdout).toContain('Every authenticated caller: no scope is required');
    expect(stdout).toContain("add it to src/tools/search-orders.ts: scopes: ['orders:read'],");
    expect(read('src/tools/search-orders.ts')).not.toContain('scopes');
  });

  test('with scopes: they are in the tool and in its test, and new ones are named', async () => {
    const { code, stdout, stderr } = await addTool([...EXAMPLE, ...SEVERAL]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(read('src/tools/search-orders.ts')).toContain(
      "scopes: ['orders:read', 'orders:audit', 'notes:read'],",
    );
    expect(read('test/tools/search-orders.test.ts')).toContain('without its scopes');
    expect(stdout).toContain('Callers with scopes orders:read, orders:audit and notes:read:');
    expect(stdout).toContain('New scopes: orders:read and orders:audit.');
    const { stdout: json } = await addTool(['zoom', '--scope', 'notes:read', '--json']);
    expect(JSON.parse(json)).toMatchObject({ scopes: ['notes:read'], warnings: [] });
  });

  test('a policy that allows it to nobody, or to some roles, is named', async () => {
    const policy = 'roles: { reader: { scopes: [notes:read], allowed_tools: [find_one] } }';
    write('policy.yaml', policy);
    const { stdout: some } = await addTool(['find_one', '--scope', 'notes:read']);
    expect(some).toContain('Callers with scope notes:read and role reader (policy.yaml).');
    const { stdout: none } = await addTool(['find_two', '--scope', 'notes:read']);
    expect(none).toContain('Nobody yet: no role in policy.yaml allows find_two.');
    expect(none).toContain('Add find_two to allowed_tools');
    const { stdout: json } = await addTool(['find_three', '--scope', 'notes:read', '--json']);
    expect(JSON.parse(json).warnings).toEqual([expect.stringContaining('Nobody yet')]);
  });

  test('scopes that cannot be are refused', async () => {
    await expectRefusal([...EXAMPLE, '--scope', '*'], 2, 'is one name, not a pattern');
    await expectRefusal([...EXAMPLE, '--scope', ''], 2, 'A scope is empty');
  });

  test('a project without auth has nothing to say about it, and says that a scope waits', async () => {
    const folder = temporaryFolder();
    const flags = ['--yes', '--no-install', '--no-git', '--transport', 'stdio'];
    expect((await runCli(['open', ...flags], { cwd: folder })).code).toBe(0);
    project = path.join(folder, 'open');
    expect((await addTool(EXAMPLE)).stdout).not.toContain('Who may call it');
    const { stdout } = await addTool(['zoom', '--scope', 'orders:read']);
    expect(stdout).toContain('Scopes apply once it has.');
  });
});

test('names and parameters are refused with all problems at once, as JSON on stdout, too', async () => {
  const before = snapshot();
  const args = [
    'a b',
    '--param',
    '__proto__:string',
    '--param',
    'x:nope',
    '--description',
    '\u0007',
    '--scope',
    'a b',
  ];
  const { code, stdout, stderr } = await addTool([...args, '--json']);
  expect(code).toBe(2);
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ ok: false, code: 2, files: [] });
  expect(report.problems).toHaveLength(5);
  expect(stderr.match(/✖/g)).toHaveLength(5);
  expect(snapshot()).toEqual(before);
});

test.each([
  'delete',
  'constructor',
  'index',
  'define_tool',
  'con',
  '../evil',
  'ünïcode',
  'a'.repeat(65),
  '',
])('the name %j is refused', async (name) => {
  await expectRefusal([name], 2, 'The name');
});

test.each(['create_note', 'create-note', 'createNote', 'CREATE_NOTE'])(
  '%s collides with a tool that is there',
  async (name) => {
    await expectRefusal([name], 1, /createNote/);
  },
);

describe('a name that is taken', () => {
  test('by a file that is not in the barrel', async () => {
    write('src/tools/order-kinds.ts', 'export const kinds = [];\n');
    await expectRefusal(['order_kinds'], 1, 'src/tools/order-kinds.ts');
  });

  test('by a tool in a file of another name', async () => {
    write('src/tools/more.ts', "export const a = defineTool({\n  name: 'search_orders',\n});\n");
    await expectRefusal(
      ['search-orders'],
      1,
      'src/tools/more.ts already has a tool named search_orders',
    );
  });

  test('by a test', async () => {
    write('test/tools/search-orders.test.ts', '// mine\n');
    await expectRefusal(EXAMPLE, 1, 'test/tools/search-orders.test.ts already exists');
  });
});

describe('a barrel that is not as it should be', () => {
  test.each([
    ['has code', 'const x = 1;\n', 5],
    ['has a star export', "export * from './more.js';\n", 5],
    ['is half written', 'export { a from', 5],
    ['has a merge conflict', '<<<<<<< HEAD\n', 5],
  ])('%s', async (_title, more, line) => {
    write(BARREL, read(BARREL) + more);
    await expectRefusal(EXAMPLE, 1, `${BARREL}:${line}`);
  });

  test('is missing', async () => {
    rmSync(path.join(project, BARREL));
    await expectRefusal(EXAMPLE, 1, `${BARREL} is missing`);
  });

  test('is a symbolic link', async () => {
    const elsewhere = path.join(path.dirname(project), 'index.ts');
    renameSync(path.join(project, BARREL), elsewhere);
    symlinkSync(elsewhere, path.join(project, BARREL));
    const before = readFileSync(elsewhere, 'utf8');
    expect(await addTool(EXAMPLE)).toMatchObject({ code: 1, stdout: '' });
    expect(readFileSync(elsewhere, 'utf8')).toBe(before);
  });
});

test('folders that lead out of the project are not written through', async () => {
  const elsewhere = path.join(path.dirname(project), 'elsewhere');
  mkdirSync(elsewhere);
  rmSync(path.join(project, 'test/tools'), { recursive: true });
  symlinkSync(elsewhere, path.join(project, 'test/tools'));
  await expectRefusal(EXAMPLE, 1, 'points outside the project');
  expect(readdirSync(elsewhere)).toEqual([]);
});

test('comments, blank lines, line ends and the byte order mark of the barrel stay', async () => {
  const text = `\uFEFF// What the server can do.\n\n${read(BARREL)}`.replaceAll('\n', '\r\n');
  write(BARREL, text);
  expect((await addTool(['zoom'])).code).toBe(0);
  expect(read(BARREL)).toBe(`${text}export { zoom } from './zoom.js';\r\n`);
});

test('outside of a project: exit 2', async () => {
  const { code, stderr } = await addTool(EXAMPLE, { cwd: temporaryFolder() });
  expect(code).toBe(2);
  expect(stderr).toContain('.mcp-gen.json');
});

test('a broken manifest is named', async () => {
  write('.mcp-gen.json', '{');
  await expectRefusal(EXAMPLE, 1, '.mcp-gen.json is not a create-mcp-server manifest');
});

test('without a name and without a terminal: exit 2 within 3 s, naming it', async () => {
  const result = await addTool([]);
  expect(result.code).toBe(2);
  expect(result.stderr).toContain('The tool name is missing.');
  expect(result.ms).toBeLessThan(3000);
});

test('runs at the same time all count', async () => {
  const names = Array.from({ length: 8 }, (_, index) => `tool_${'abcdefgh'[index]}`);
  const runs = names.map((name) => startCli(['add-tool', name], { cwd: project, program: 'gen' }));
  const results = await Promise.all(runs.map(({ result }) => result));
  expect(results.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
    names.map(() => ({ code: 0, stderr: '' })),
  );
  const lines = read(BARREL).trim().split('\n');
  expect(lines).toHaveLength(4 + names.length);
  expect(lines).toEqual(expect.arrayContaining(["export { toolH } from './tool-h.js';"]));
  expect(readdirSync(project).filter((file) => file.includes('lock'))).toEqual([]);
});

test('of two runs with one name one wins', async () => {
  const runs = [1, 2].map(() => addTool(['twin']));
  const codes = (await Promise.all(runs)).map(({ code }) => code);
  expect(codes.sort()).toEqual([0, 1]);
  expect(read(BARREL).match(/twin/g)).toHaveLength(2);
});

test('a lock that a killed run left behind is no obstacle', async () => {
  write('.mcp-gen.lock', JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), id: 'x' }));
  expect((await addTool(EXAMPLE)).code).toBe(0);
});

test.skipIf(process.getuid?.() !== 0)('a folder that is not writable changes nothing', async () => {
  // As another user, because root may write everywhere.
  chmodSync(path.dirname(project), 0o755);
  const before = snapshot();
  const result = await addTool(EXAMPLE, { uid: 65534 });
  expect(result.code).toBe(1);
  expect(result.stderr).toContain('No permission');
  expect(snapshot()).toEqual(before);
});

test.skipIf(process.getuid?.() !== 0)(
  'what was written before a failure is taken back',
  async () => {
    chmodSync(path.dirname(project), 0o755);
    const all = readdirSync(project, { recursive: true, encoding: 'utf8' });
    for (const file of ['', ...all]) chownSync(path.join(project, file), 65534, 65534);
    // The tool can be written, its test cannot.
    chmodSync(path.join(project, 'test/tools'), 0o555);
    const before = snapshot();
    const result = await addTool(EXAMPLE, { uid: 65534 });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('search-orders.test.ts');
    expect(snapshot()).toEqual(before);
  },
);

describe('on a terminal', () => {
  function wizard(args: readonly string[] = []): TestTerminal {
    const command = [process.execPath, inject('packed').gen, 'add-tool', ...args];
    const terminal = new TestTerminal(command, { cwd: project });
    onTestFinished(() => terminal.close());
    return terminal;
  }

  test('it asks when the name is missing, and Escape goes back', async () => {
    const terminal = wizard();
    await terminal.waitFor('◆  What is the tool called?');
    await terminal.send('create-note!');
    await terminal.waitFor('is not valid');
    await terminal.send(Key.ctrlU, 'search_orders', Key.enter);
    await terminal.waitFor('◆  What does it do?');
    await terminal.send('Finds orders.', Key.enter);
    await terminal.waitFor('◆  Add a parameter?');
    await terminal.send('limit:int=x');
    await terminal.waitFor('is not a whole number');
    await terminal.send(Key.ctrlU, 'limit:int=20', Key.enter);
    await terminal.waitFor('◆  Add another parameter?');
    await terminal.send(Key.escape);
    await terminal.waitFor('limit:int=20█');
    await terminal.send('0', Key.enter);
    await terminal.waitFor('◆  Add another parameter?');
    await terminal.send(Key.enter);
    await terminal.waitFor('◆  Does it change anything?');
    await terminal.send(Key.down, Key.enter);
    await terminal.waitFor('◆  Which scope does a caller need?');
    await terminal.waitFor('In use: notes:read, notes:write');
    await terminal.send('orders:*');
    await terminal.waitFor('is one name, not a pattern');
    await terminal.send(Key.ctrlU, 'orders:read,notes:read', Key.enter);
    expect(await terminal.exit()).toEqual({ code: 0, restored: true });
    const tool = read('src/tools/search-orders.ts');
    expect(tool).toContain("description: 'Finds orders.'");
    expect(tool).toContain('limit: z.int().default(200),');
    expect(tool).toContain('readOnlyHint: true');
    expect(tool).toContain("scopes: ['orders:read', 'notes:read'],");
  });

  test('no scope is an answer, and a scope that was given is not asked for', async () => {
    const terminal = wizard(['--read-only', '--description', 'Zooms.', '--param', 'x:int']);
    await terminal.waitFor('◆  What is the tool called?');
    await terminal.send('zoom', Key.enter);
    await terminal.waitFor('none: every caller that the policy allows');
    await terminal.send(Key.enter);
    await terminal.waitFor('Every authenticated caller');
    expect(await terminal.exit()).toEqual({ code: 0, restored: true });
    expect(read('src/tools/zoom.ts')).not.toContain('scopes');

    const flags = ['--read-only', '--description', 'Zooms.', '--param', 'x:int'];
    const other = wizard([...flags, '--scope', 'orders:read']);
    await other.waitFor('◆  What is the tool called?');
    await other.send('zoom_out', Key.enter);
    expect(await other.exit()).toEqual({ code: 0, restored: true });
    expect(read('src/tools/zoom-out.ts')).toContain("scopes: ['orders:read'],");
  });

  test('Ctrl-C ends it: exit 130, nothing changed', async () => {
    const before = snapshot();
    const terminal = wizard(['--read-only']);
    await terminal.waitFor('◆  What is the tool called?');
    await terminal.send('x', Key.enter);
    await terminal.waitFor('◆  What does it do?');
    await terminal.send(Key.ctrlC);
    expect(await terminal.exit()).toEqual({ code: 130, restored: true });
    expect(snapshot()).toEqual(before);
  });
});
