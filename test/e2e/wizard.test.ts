import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { runCli, temporaryFolder } from '../support/cli.js';
import { Key, type TerminalOptions, TestTerminal } from '../support/terminal.js';

const ONLY_FILES = ['--no-install', '--no-git'];

function wizard(args: readonly string[], cwd: string, options: TerminalOptions = {}): TestTerminal {
  const command = [process.execPath, inject('packed').create, ...args];
  const terminal = new TestTerminal(command, { ...options, cwd });
  onTestFinished(() => terminal.close());
  return terminal;
}

/** Every file below a folder, by path. */
function tree(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  const entries = files
    .filter((entry) => entry.isFile() && entry.name !== '.env')
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => [path.relative(folder, file), readFileSync(file, 'base64')] as const);
  return Object.fromEntries(entries.sort());
}

/** The questions of a run with defaults only, as they come. */
const QUESTIONS = [
  'Where should the new server go?',
  'What should it do on day one?',
  'How will clients reach the server?',
  'Who may call it over HTTP?',
  'Where does it keep its data?',
  'Where will it run?',
  'How will you watch it in production?',
  'Which package manager?',
  'What does the server do?',
  'Ready to create:',
] as const;

/** Presses Enter until a question is on the screen. */
async function enterUntil(terminal: TestTerminal, question: string): Promise<void> {
  for (const one of QUESTIONS) {
    await terminal.waitFor(`◆  ${one}`);
    if (one === question) return;
    await terminal.send(Key.enter);
  }
}

test('Enter all the way makes the default project, and the printed command the same one', async () => {
  const cwd = temporaryFolder();
  const terminal = wizard(ONLY_FILES, cwd);
  await enterUntil(terminal, 'Ready to create:');
  const preview = terminal.screen();
  expect(preview).toMatch(/│ {2}my-mcp-server, \d+ files/);
  expect(preview).toMatch(/src\/ \(\d+\)/);
  expect(preview).toContain('package.json');
  expect(preview).toContain('@modelcontextprotocol/server');
  expect(preview).toMatch(/npx create-mcp-server@[\d.]+ my-mcp-server --starter/);
  await terminal.send(Key.enter);
  expect(await terminal.exit()).toEqual({ code: 0, restored: true });

  const [, args = ''] =
    /npx create-mcp-server@\S+ (my-mcp-server .*--yes)/.exec(terminal.raw) ?? [];
  const again = temporaryFolder();
  const words = args.replaceAll('\r', '').split(' ');
  expect((await runCli([...words, ...ONLY_FILES], { cwd: again })).code).toBe(0);
  expect(tree(path.join(cwd, 'my-mcp-server'))).toEqual(tree(path.join(again, 'my-mcp-server')));
});

test.each([
  ['one by one', QUESTIONS.slice(0, -1).map(() => Key.enter)],
  ['all at once', [Key.enter.repeat(QUESTIONS.length - 1)]],
])('keys that are typed ahead, %s, are neither lost nor echoed', async (_, keys) => {
  const cwd = temporaryFolder();
  const terminal = wizard(ONLY_FILES, cwd);
  await terminal.waitFor(QUESTIONS[0]);
  await terminal.send(...keys);
  const screen = await terminal.waitFor('◆  Ready to create:');
  expect(screen).not.toMatch(/\n\n.*│/);
  await terminal.send(Key.enter);
  expect(await terminal.exit()).toEqual({ code: 0, restored: true });
});

test('the directory is checked while it is typed', async () => {
  const cwd = temporaryFolder();
  const terminal = wizard(ONLY_FILES, cwd);
  await terminal.waitFor(QUESTIONS[0]);
  await terminal.send('Shop');
  await terminal.waitFor('it has upper-case letters');
  await terminal.send(Key.enter);
  await terminal.waitFor('▲  Where should');
  await terminal.send(Key.ctrlU, 'shop');
  const screen = await terminal.waitFor('enter next');
  expect(screen).not.toContain('capitals');
  await terminal.send(Key.enter);
  expect(await terminal.waitFor(QUESTIONS[1])).toContain(
    '◇  Where should the new server go?\n│  shop',
  );
});

test('Escape goes back, keeps the answers and leaves no trace; at the first question it stays', async () => {
  const terminal = wizard(ONLY_FILES, temporaryFolder());
  await terminal.waitFor(QUESTIONS[0]);
  await terminal.send(Key.escape);
  await terminal.send('shop', Key.enter);
  const second = await terminal.waitFor('◆  What should it do');
  expect(second).toContain('esc back');
  await terminal.send(Key.down, Key.enter);
  await terminal.waitFor('◆  How will clients');
  await terminal.send(Key.escape);
  const again = await terminal.waitFor('◆  What should it do');
  expect(again).toMatch(/● Minimal/);
  expect(again).not.toContain('How will clients');
  await terminal.send(Key.up);
  expect(await terminal.waitFor('● Notes')).toBe(second);
  await terminal.send(Key.escape);
  const first = await terminal.waitFor('◆  Where should');
  expect(first).toContain('shop█');
  expect(first).not.toContain('What should it do');
});

test.each(
  QUESTIONS.flatMap((question) => [
    ['Ctrl-C', question, Key.ctrlC] as const,
    ['Ctrl-D', question, Key.ctrlD] as const,
  ]),
)('%s at "%s" ends it: exit 130, nothing written', async (_, question, key) => {
  const cwd = temporaryFolder();
  const terminal = wizard(ONLY_FILES, cwd);
  await enterUntil(terminal, question);
  await terminal.send(key);
  expect(await terminal.exit()).toEqual({ code: 130, restored: true });
  expect(terminal.screen().match(/Cancelled|Nothing was written/g)).toEqual([
    'Cancelled',
    'Nothing was written',
  ]);
  expect(readdirSync(cwd)).toEqual([]);
});

test('"Cancel" in the preview is a cancellation, too', async () => {
  const cwd = temporaryFolder();
  const terminal = wizard(['shop', ...ONLY_FILES], cwd);
  for (const question of QUESTIONS.slice(1, -1)) {
    await terminal.waitFor(`◆  ${question}`);
    await terminal.send(Key.enter);
  }
  await terminal.waitFor('◆  Ready to create:');
  await terminal.send(Key.up, Key.enter);
  expect(await terminal.exit()).toEqual({ code: 130, restored: true });
  expect(readdirSync(cwd)).toEqual([]);
});

test('SIGTERM in a question: exit 143, the terminal is as before', async () => {
  const cwd = temporaryFolder();
  const program = `${process.execPath} ${inject('packed').create}`;
  const terminal = new TestTerminal(['sh', '-c', `echo "pid $$"; exec ${program}`], { cwd });
  onTestFinished(() => terminal.close());
  await terminal.waitFor(QUESTIONS[0]);
  process.kill(Number(/pid (\d+)/.exec(terminal.raw)?.[1]), 'SIGTERM');
  expect(await terminal.exit()).toEqual({ code: 143, restored: true });
  expect(readdirSync(cwd)).toEqual([]);
});

test('what flags answered is not asked; what does not fit is shown with the reason', async () => {
  const terminal = wizard(
    ['shop', '--starter', 'notes', '--transport', 'stdio', '--description', 'x', ...ONLY_FILES],
    temporaryFolder(),
  );
  const data = await terminal.waitFor('◆  Where does it keep its data?');
  expect(data).toMatch(/· none\s+The notes starter keeps its notes in a datastore\./);
  expect(data).not.toMatch(/Where should|day one|How will clients|Who may call/);
  // The blocked option is jumped over.
  await terminal.send(Key.up);
  await terminal.waitFor(/● Elasticsearch/);
  await terminal.send(Key.enter);
  await terminal.waitFor('◆  Which package manager?');
  await terminal.send(Key.enter);
  await terminal.waitFor('--datastore elasticsearch');
});

test('the default description has the name of a directory that was an argument', async () => {
  const terminal = wizard(['nested/shop', ...ONLY_FILES], temporaryFolder());
  await terminal.waitFor(`◆  ${QUESTIONS[1]}`);
  await terminal.send(...QUESTIONS.slice(1, 8).map(() => Key.enter));
  await terminal.waitFor('The shop MCP server.');
});

test('flags that are wrong are told before anything is asked', async () => {
  const terminal = wizard(
    ['--starter', 'nots', '--auth', 'jwt', '--transport', 'stdio'],
    temporaryFolder(),
  );
  expect((await terminal.exit()).code).toBe(2);
  expect(terminal.raw).not.toContain('◆');
  expect(terminal.screen()).toContain('notes');
});

test('a directory argument that cannot be used is asked again, with the reason', async () => {
  const terminal = wizard(['My Shop', ...ONLY_FILES], temporaryFolder());
  const screen = await terminal.waitFor('◆  Where should');
  expect(screen).toContain('My Shop█');
  expect(screen).toContain('Try my-shop.');
});

test('a multiple choice needs something, and an exclusive option pushes out the rest', async () => {
  const terminal = wizard(['shop', ...ONLY_FILES], temporaryFolder());
  await terminal.waitFor(QUESTIONS[1]);
  await terminal.send(Key.enter);
  await terminal.waitFor(QUESTIONS[2]);
  await terminal.send(Key.space, Key.down, Key.space);
  await terminal.waitFor('Choose at least one.');
  await terminal.send(Key.enter);
  await terminal.waitFor('▲  How will clients');
  await terminal.send(Key.space, Key.enter, Key.enter, Key.enter);
  await terminal.waitFor('◆  Where will it run?');
  await terminal.send(Key.up, Key.space);
  await terminal.waitFor(/◼ none/);
  expect(terminal.screen().match(/◼/g)).toHaveLength(1);
  await terminal.send(Key.down, Key.space);
  await terminal.waitFor(/◻ none/);
  expect(terminal.screen().match(/◼/g)).toHaveLength(1);
});

test('one answer can be changed from the preview; what no longer fits is asked again', async () => {
  const terminal = wizard(
    ['shop', '--starter', 'minimal', '--transport', 'stdio', '--datastore', 'none', ...ONLY_FILES],
    temporaryFolder(),
  );
  await terminal.waitFor('◆  Which package manager?');
  await terminal.send(Key.enter);
  await terminal.waitFor('◆  What does the server do?');
  await terminal.send('Sells tea.', Key.enter);
  await terminal.waitFor("--description 'Sells tea.'");
  await terminal.send(Key.down, Key.enter);
  await terminal.waitFor('◆  Which answer?');
  await terminal.send(Key.down, Key.enter);
  await terminal.waitFor('Sells tea.█');
  await terminal.send(Key.ctrlU, 'Sells ice.', Key.enter);
  const screen = await terminal.waitFor('◆  Ready to create:');
  expect(screen).toContain("--description 'Sells ice.'");
  expect(screen.match(/What does the server do/g)).toHaveLength(1);
});

test('a reason that is too long for its line goes below it, whole', async () => {
  const args = ['shop', '--starter', 'notes', '--transport', 'stdio', ...ONLY_FILES];
  const terminal = wizard(args, temporaryFolder(), { cols: 50, rows: 30 });
  const screen = await terminal.waitFor('◆  Where does it keep its data?');
  expect(screen.replace(/\s*\n│\s+/g, ' ')).toMatch(
    /· none The notes starter keeps its notes in a datastore\./,
  );
});

test('a narrow terminal and one without colours work', async () => {
  const cwd = temporaryFolder();
  const terminal = wizard(ONLY_FILES, cwd, { cols: 50, rows: 20, env: { NO_COLOR: '1' } });
  await enterUntil(terminal, 'Where does it keep its data?');
  await terminal.send(Key.escape);
  const screen = await terminal.waitFor('◆  Who may call');
  expect(screen.match(/How will clients/g)).toHaveLength(1);
  expect(screen).not.toContain('Where does it keep');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are the subject
  expect(terminal.raw).not.toMatch(/\u001b\[3\dm/);
});

test('on a small screen nothing is drawn twice, also not above the top', async () => {
  const terminal = wizard(ONLY_FILES, temporaryFolder(), { cols: 80, rows: 24 });
  await enterUntil(terminal, 'Ready to create:');
  await terminal.send(Key.down, Key.enter);
  await terminal.waitFor('◆  Which answer?');
  await terminal.send(Key.escape);
  await terminal.waitFor('◆  Ready to create:');
  const history = terminal.history();
  for (const question of QUESTIONS.slice(0, -1)) {
    expect(history.split(`◇  ${question}`), question).toHaveLength(2);
  }
  expect(history.match(/◆/g)).toHaveLength(1);
});
