import { readdirSync } from 'node:fs';
import { describe, test } from 'vitest';
import { runCli, temporaryFolder } from '../support/cli.js';

const BAD_NAMES = {
  'path traversal': '../evil',
  'traversal with back slashes': '..\\evil',
  'absolute path': '/etc/evil',
  'leading dash': '-rf',
  'leading dot': '.hidden',
  'only dots': '..',
  space: 'my server',
  capitals: 'MyServer',
  unicode: 'sérveur',
  emoji: '🚀',
  'right-to-left override': 'a\u202eb',
  homoglyph: 'sеrver', // a Cyrillic е
  '300 characters': 'a'.repeat(300),
  empty: '',
  'only white space': '  ',
  'line break': 'a\nb',
  node_modules: 'node_modules',
  'node built-in': 'fs',
  'Windows device': 'con',
  'Windows device with number': 'com1',
  'trailing dot': 'server.',
  'dependency zod': 'zod',
  'scoped dependency': '@modelcontextprotocol/server',
  'shell substitution': '$(touch pwned)',
  'shell separator': 'a;touch pwned',
  backticks: '`touch pwned`',
  variable: '$HOME',
  handlebars: '{{name}}',
  'handlebars raw': '{{{constructor}}}',
  'template literal': '$' + '{process.exit(3)}',
  prototype: '__proto__',
  quotes: 'a"b',
  percent: '%PATH%',
};

describe.concurrent('bad project names: exit 2, a reason, nothing written', () => {
  for (const [what, name] of Object.entries(BAD_NAMES)) {
    test(what, async ({ expect }) => {
      const cwd = temporaryFolder();
      const { code, stdout, stderr } = await runCli(
        ['here', `--name=${name}`, '--yes', '--no-install', '--no-git', '--json'],
        { cwd },
      );
      expect(code).toBe(2);
      const report = JSON.parse(stdout);
      expect(report).toMatchObject({ ok: false, code: 2, project: null, files: [], steps: [] });
      expect(report.problems.length).toBeGreaterThan(0);
      expect(report.problems[0].message).toMatch(/name/i);
      expect(report.problems.at(-1).hint).toMatch(/^Try [a-z][a-z0-9-]*\.$/);
      expect(stderr).not.toMatch(/at .*\.js:|this is a bug/i);
      expect(readdirSync(cwd)).toEqual([]);
    });
  }
});

describe.concurrent('the last part of the directory is the name, with the same rules', () => {
  for (const directory of ['My Server', 'sub/.hidden', 'zod', 'con', '{{name}}', 'x'.repeat(300)]) {
    test(directory.slice(0, 20), async ({ expect }) => {
      const cwd = temporaryFolder();
      const { code, stderr } = await runCli([directory, '--yes', '--no-install', '--no-git'], {
        cwd,
      });
      expect(code).toBe(2);
      expect(stderr).toMatch(/name/);
      expect(readdirSync(cwd)).toEqual([]);
    });
  }

  test('a directory that looks like a flag is an unknown flag', async ({ expect }) => {
    const cwd = temporaryFolder();
    const { code, stderr } = await runCli(['-rf', '--yes'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain("Unknown option '-rf'");
  });

  test('an empty directory is bad usage', async ({ expect }) => {
    const cwd = temporaryFolder();
    const { code, stderr } = await runCli(['', '--yes'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain('The directory name is empty.');
  });
});

test('all problems come at once', async ({ expect }) => {
  const cwd = temporaryFolder();
  const { stdout } = await runCli(
    [
      'x',
      '--name',
      'Bad Name',
      '--transport',
      'smoke-signals',
      '--auth',
      'magic',
      '--yes',
      '--json',
    ],
    { cwd },
  );
  const text = JSON.stringify(JSON.parse(stdout).problems);
  for (const word of ['Bad Name', 'smoke-signals', 'magic']) expect(text).toContain(word);
});
