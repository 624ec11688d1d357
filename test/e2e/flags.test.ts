import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, inject, test } from 'vitest';
import { cleanEnv, runCli, temporaryFolder } from '../support/cli.js';

const QUICK = ['--yes', '--no-install', '--no-git'];

describe.concurrent('bad usage: exit 2, the way out, nothing written', () => {
  const CASES: Record<string, { args: string[]; says: RegExp }> = {
    'an unknown flag, with a suggestion': {
      args: ['x', '--startter', 'notes', ...QUICK],
      says: /Unknown option '--startter'[\s\S]*Did you mean --starter\?/,
    },
    'a flag without its value': { args: ['x', ...QUICK, '--auth'], says: /argument missing/ },
    'too many arguments': { args: ['x', 'y', ...QUICK], says: /Too many arguments/ },
    'an unknown choice, with a suggestion': {
      args: ['x', '--datastore', 'postgre', ...QUICK],
      says: /"postgre"[\s\S]*Did you mean postgres\?/,
    },
    'a choice from Object.prototype': {
      args: ['x', '--datastore', 'constructor', ...QUICK],
      says: /has no option "constructor"/,
    },
    'an empty choice': { args: ['x', '--transport=', ...QUICK], says: /empty value/ },
    'a single choice given twice': {
      args: ['x', '--auth', 'none', '--auth', 'jwt', ...QUICK],
      says: /--auth was given 2 times: none and jwt/,
    },
    'none together with something': {
      args: ['x', '--deploy', 'none,docker', ...QUICK],
      says: /none cannot be combined with docker/,
    },
    'choices that exclude each other, with the way out': {
      args: ['x', '--transport', 'stdio', '--auth', 'jwt', ...QUICK],
      says: /--auth jwt: Tokens protect[\s\S]*Add http to --transport/,
    },
    'a starter without its store, with the way out': {
      args: ['x', '--starter', 'notes', '--datastore', 'none', ...QUICK],
      says: /--starter notes: [A-Z][\s\S]*Use --datastore/,
    },
    'flags that contradict each other': {
      args: ['x', '--strict', '--no-smoke', ...QUICK],
      says: /--strict and --no-smoke contradict/,
    },
    'nothing to be strict about': {
      args: ['x', '--yes', '--no-git', '--strict', '--no-install'],
      says: /--strict and --no-install contradict/,
    },
    'a scoped package as directory': {
      args: ['@scope/x', ...QUICK],
      says: /has a scope[\s\S]*Use x, or \.\/@scope\/x/,
    },
    'a spec file that is not there': {
      args: ['x', '--spec', 'nowhere.json', ...QUICK],
      says: /nowhere\.json: no such file/,
    },
    'a spec file that is a directory': {
      args: ['x', '--spec', '.', ...QUICK],
      says: /--spec \.: it is a directory/,
    },
  };
  for (const [what, { args, says }] of Object.entries(CASES)) {
    test(what, async ({ expect }) => {
      const cwd = temporaryFolder();
      const plain = await runCli(args, { cwd });
      expect(plain).toMatchObject({ code: 2, stdout: '' });
      expect(plain.stderr).toMatch(says);
      expect(plain.stderr).not.toMatch(/at .*\.js:/);

      const json = await runCli(['--json', ...args], { cwd });
      expect(json.code).toBe(2);
      const report = JSON.parse(json.stdout);
      expect(report).toMatchObject({ ok: false, code: 2, project: null, files: [], steps: [] });
      expect(report.problems.length).toBeGreaterThan(0);
      expect(readdirSync(cwd)).toEqual([]);
    });
  }
});

describe.concurrent('--spec', () => {
  const BROKEN: Record<string, { text: string; says: RegExp }> = {
    'broken JSON': { text: '{ "name": ', says: /not valid JSON/ },
    'broken YAML': { text: 'name: [1,\n  - x', says: /not valid YAML/ },
    nothing: { text: '', says: /must contain an object/ },
    'a list': { text: '[]', says: /must contain an object/ },
    'an unknown key': {
      text: '{ "nmae": "x" }',
      says: /unknown key "nmae"[\s\S]*Did you mean name\?/,
    },
    'an unknown axis': { text: '{ "choices": { "trnsport": "http" } }', says: /"trnsport"/ },
    __proto__: { text: '{ "__proto__": { "name": "x" } }', says: /unknown key "__proto__"/ },
    'two package managers': {
      text: '{ "packageManager": "pnpm", "choices": { "package-manager": "npm" } }',
      says: /Two package managers are given: pnpm and npm/,
    },
    'a wrong type': {
      text: '{ "name": 7, "choices": { "auth": {} } }',
      says: /name must be text[\s\S]*choices\.auth/,
    },
  };
  for (const [what, { text, says }] of Object.entries(BROKEN)) {
    test(`${what}: exit 2, from a file and from stdin`, async ({ expect }) => {
      const cwd = temporaryFolder();
      const file = path.join(temporaryFolder(), text.startsWith('name:') ? 'spec.yaml' : 'spec');
      writeFileSync(file, text);
      for (const options of [{ args: file }, { args: '-', input: text }]) {
        const input = options.input === undefined ? {} : { input: options.input };
        const { code, stderr } = await runCli(['x', '--spec', options.args, ...QUICK], {
          cwd,
          ...input,
        });
        expect(stderr).toMatch(says);
        expect(code).toBe(2);
      }
      expect(readdirSync(cwd)).toEqual([]);
    });
  }

  test('flags win over the file, JSON and YAML mean the same', async ({ expect }) => {
    const cwd = temporaryFolder();
    writeFileSync(
      path.join(cwd, 'spec.yaml'),
      'name: from-file\ndescription: As told.\npackageManager: pnpm\nchoices:\n  starter: minimal\n  transport: [stdio]\n',
    );
    const { code, stdout, stderr } = await runCli(
      [
        '--spec',
        'spec.yaml',
        '--package-manager',
        'yarn',
        '--transport',
        'http',
        ...QUICK,
        '--json',
      ],
      { cwd },
    );
    expect(stderr).not.toContain('✖');
    expect(code).toBe(0);
    const { project, spec } = JSON.parse(stdout);
    expect(project).toEqual({ name: 'from-file', directory: path.join(cwd, 'from-file') });
    expect(spec).toMatchObject({
      name: 'from-file',
      description: 'As told.',
      packageManager: 'yarn',
      choices: { starter: 'minimal', transport: ['http'] },
    });

    // What came out goes in again, and gives the same.
    const again = await runCli(['--spec', '-', ...QUICK, '--json', 'again/from-file'], {
      cwd,
      input: JSON.stringify(spec),
    });
    expect(JSON.parse(again.stdout).spec).toEqual(spec);
  });
});

describe.concurrent('no terminal', () => {
  for (const args of [
    [],
    ['my-server'],
    ['--json'],
    ['--spec', '-'],
    ['my-server', '--starter', 'notes'],
  ]) {
    test(`create ${args.join(' ')}: exit 2 within 3 s, names the flags`, async ({ expect }) => {
      const cwd = temporaryFolder();
      const { code, stderr, ms } = await runCli(args, {
        cwd,
        input: args.includes('-') ? '{}' : '',
      });
      expect(code).toBe(2);
      expect(ms).toBeLessThan(3000);
      expect(stderr).toMatch(/--transport, with http also --auth, --datastore/);
      expect(stderr).toMatch(/add --yes/);
      expect(readdirSync(cwd)).toEqual([]);
    });
  }

  test('a complete spec needs no --yes', async ({ expect }) => {
    const cwd = temporaryFolder();
    const choices = { starter: 'minimal', transport: 'stdio', datastore: 'none', deploy: 'none' };
    const { code, stderr } = await runCli(['--spec', '-', '--no-install', '--no-git'], {
      cwd,
      input: JSON.stringify({ name: 'told-all', choices }),
    });
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });
});

describe.concurrent('defaults of --yes', () => {
  test('no directory: my-mcp-server', async ({ expect }) => {
    const cwd = temporaryFolder();
    const { code } = await runCli(QUICK, { cwd });
    expect(code).toBe(0);
    expect(readdirSync(cwd)).toEqual(['my-mcp-server']);
  });

  test('the package manager that ran us', async ({ expect }) => {
    const cwd = temporaryFolder();
    const env = { npm_config_user_agent: 'pnpm/10.1.0 npm/? node/v22.0.0 linux x64' };
    const { stdout } = await runCli(['x', ...QUICK, '--dry-run', '--json'], { cwd, env });
    expect(JSON.parse(stdout).spec.packageManager).toBe('pnpm');
    const input = '{ "choices": { "package-manager": "yarn" } }';
    const args = ['x', ...QUICK, '--spec', '-', '--dry-run', '--json'];
    const inFile = await runCli(args, { cwd, env, input });
    expect(JSON.parse(inFile.stdout).spec.packageManager).toBe('yarn');
    const flagged = await runCli([...args, '--package-manager', 'bun'], { cwd, env, input });
    expect(JSON.parse(flagged.stdout).spec.packageManager).toBe('bun');
    const unknown = { npm_config_user_agent: 'cnpm/1.0.0' };
    const other = await runCli(['x', ...QUICK, '--dry-run', '--json'], { cwd, env: unknown });
    expect(JSON.parse(other.stdout).spec.packageManager).toBe('npm');
  });
});

describe.concurrent('help and version', () => {
  test('--help names every flag and choice', async ({ expect }) => {
    const { code, stdout, stderr } = await runCli(['--help'], { cwd: temporaryFolder() });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const word of [
      '--starter',
      'notes',
      '--transport',
      'http',
      '--spec',
      '--dry-run',
      '--json',
    ]) {
      expect(stdout).toContain(word);
    }
  });

  test('a plain --help and --version are what the parser would print', async ({ expect }) => {
    const options = { cwd: temporaryFolder() };
    for (const program of ['create', 'gen'] as const) {
      for (const flag of ['--help', '-h', '--version', '-V']) {
        const plain = await runCli([flag], { ...options, program });
        const parsed = await runCli([flag, '--json'], { ...options, program });
        expect(plain.stdout).toBe(parsed.stdout);
        expect(plain.stdout).not.toBe('');
      }
    }
  });

  test('--version', async ({ expect }) => {
    const { version } = JSON.parse(
      readFileSync(path.join(import.meta.dirname, '../../package.json'), 'utf8'),
    );
    const { stdout } = await runCli(['--version'], { cwd: temporaryFolder() });
    expect(stdout).toBe(`${version}\n`);
  });

  test('mcp-gen: help, no command, unknown command', async ({ expect }) => {
    const options = { cwd: temporaryFolder(), program: 'gen' } as const;
    const help = await runCli(['--help'], options);
    expect(help.code).toBe(0);
    for (const command of ['create', 'add-tool', 'smoke', 'render'])
      expect(help.stdout).toContain(command);
    expect(await runCli([], options)).toMatchObject({ code: 2, stdout: '' });
    const unknown = await runCli(['creat'], options);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/Unknown command 'creat'[\s\S]*Did you mean create\?/);
    expect(unknown.stderr).toContain('See mcp-gen --help.');
    const flag = await runCli(['smoke', '--bogus'], options);
    expect(flag.stderr).toContain('See mcp-gen smoke --help.');
  });
});

describe('closed pipes', () => {
  for (const closed of ['stdout', 'stderr'] as const) {
    for (const args of [['--help'], ['x', ...QUICK], ['x', ...QUICK, '--json'], ['x', '--bogus']]) {
      test(`${closed} closed, ${args.join(' ')}: ends quietly`, async ({ expect }) => {
        const cwd = temporaryFolder();
        const child = spawn(process.execPath, [inject('packed').create, ...args], {
          cwd,
          env: cleanEnv(),
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        child[closed].destroy();
        let rest = '';
        for (const stream of [child.stdout, child.stderr]) {
          stream.on('data', (chunk) => {
            rest += chunk;
          });
        }
        const code = await new Promise((resolve) => child.once('close', resolve));
        expect(code).toBe(args.includes('--bogus') ? 2 : 0);
        expect(rest).not.toMatch(/EPIPE|at .*\.js:/);
        const made = args[0] === 'x' && code === 0;
        expect(readdirSync(cwd)).toEqual(made ? ['x'] : []);
      });
    }
  }
});

test.runIf(existsSync('/dev/full'))(
  'no space for the output: a sentence, exit 1',
  async ({ expect }) => {
    for (const args of [['--help'], ['x', ...QUICK, '--dry-run', '--json']]) {
      const full = openSync('/dev/full', 'w');
      const child = spawn(process.execPath, [inject('packed').create, ...args], {
        cwd: temporaryFolder(),
        env: cleanEnv(),
        stdio: ['ignore', full, 'pipe'],
      });
      closeSync(full);
      let stderr = '';
      child.stderr?.on('data', (chunk) => {
        stderr += chunk;
      });
      expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1);
      expect(stderr).toBe('✖ The output could not be written: no space left.\n');
    }
  },
);

test('NO_COLOR, FORCE_COLOR and pipes decide about colours', async ({ expect }) => {
  const csi = '\u001b[';
  const run = (env: Record<string, string>) =>
    runCli(['x', ...QUICK, '--dry-run'], { cwd: temporaryFolder(), env });
  expect((await run({})).stdout).not.toContain(csi);
  expect((await run({ FORCE_COLOR: '1' })).stdout).toContain(csi);
  expect((await run({ FORCE_COLOR: '1', NO_COLOR: '1' })).stdout).not.toContain(csi);
});
