import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'vitest';
import { runCli, temporaryFolder } from '../support/cli.js';

const QUICK = ['--yes', '--no-install', '--no-git'];

/** Every file below a folder but `.env`, by path. */
function filesBelow(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries
      .filter((entry) => entry.isFile() && entry.name !== '.env')
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file) => [path.relative(folder, file), readFileSync(file, 'utf8')]),
  );
}

describe.concurrent('create', () => {
  test('--json is one document that says what was done', async ({ expect }) => {
    const cwd = temporaryFolder();
    const { code, stdout, stderr } = await runCli(['sub/my-server', ...QUICK, '--json'], { cwd });
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    const directory = path.join(cwd, 'sub/my-server');
    expect(report).toMatchObject({
      ok: true,
      code: 0,
      project: { name: 'my-server', directory },
      spec: { name: 'my-server', packageManager: 'npm', choices: { transport: ['stdio', 'http'] } },
      problems: [],
      warnings: [],
    });
    expect(Object.keys(filesBelow(directory)).sort()).toEqual([...report.files].sort());
    expect(
      report.steps.map((step: { name: string; status: string }) => [step.name, step.status]),
    ).toEqual([
      ['write', 'ok'],
      ['install', 'skipped'],
      ['build', 'skipped'],
      ['smoke', 'skipped'],
      ['git', 'skipped'],
    ]);
    for (const step of report.steps) expect(step.ms).toBeGreaterThanOrEqual(0);
    expect(report.next.slice(0, 3)).toEqual(['cd sub/my-server', 'npm install', 'npm run build']);
    expect(stderr).toContain('Write files');
  });

  test('the same answers give the same bytes, in any folder and by any way', async ({ expect }) => {
    const cwd = temporaryFolder();
    const { stdout } = await runCli(['one/my-server', ...QUICK, '--json'], { cwd });
    const { reproduce, spec } = JSON.parse(stdout);
    const first = filesBelow(path.join(cwd, 'one/my-server'));

    const other = temporaryFolder('elsewhere');
    const [program, place, ...args] = reproduce.split(' ').slice(1);
    expect(program).toMatch(/^create-mcp-server@\d+\.\d+\.\d+$/);
    expect(place).toBe('one/my-server');
    const env = { USER: 'someone', HOME: other, TZ: 'Asia/Tokyo', LANG: 'de_DE' };
    await runCli([place, ...args, ...QUICK], { cwd: other, env });
    expect(filesBelow(path.join(other, place))).toEqual(first);

    writeFileSync(path.join(cwd, 'spec.json'), JSON.stringify(spec));
    const render = await runCli(['render', '--spec', 'spec.json', '--out', 'pure'], {
      cwd,
      program: 'gen',
    });
    expect(render.code).toBe(0);
    expect(filesBelow(path.join(cwd, 'pure'))).toEqual(first);
    expect(readdirSync(path.join(cwd, 'pure'))).not.toContain('.env');

    for (const [file, text] of Object.entries(first)) {
      expect(text, file).not.toContain(cwd);
      expect(text, file).not.toContain('[object Object]');
    }
  });

  test('the manifest has the hash of every file', async ({ expect }) => {
    const cwd = temporaryFolder();
    await runCli(['my-server', ...QUICK], { cwd });
    const files = filesBelow(path.join(cwd, 'my-server'));
    const { '.mcp-gen.json': manifest, ...others } = files;
    const hashes = Object.entries(others).map(([file, text]) => [
      file,
      createHash('sha256').update(text).digest('hex'),
    ]);
    expect(JSON.parse(manifest ?? '').files).toEqual(Object.fromEntries(hashes));
  });

  test('files and folders have the usual modes', async ({ expect }) => {
    const cwd = temporaryFolder();
    await runCli(['my-server', ...QUICK], { cwd });
    const mode = (file: string) => statSync(path.join(cwd, 'my-server', file)).mode & 0o777;
    expect(mode('.')).toBe(0o777 & ~process.umask());
    expect(mode('package.json')).toBe(0o666 & ~process.umask());
  });

  test('mcp-gen create is the same command', async ({ expect }) => {
    const cwd = temporaryFolder();
    const gen = await runCli(['create', 'a/my-server', ...QUICK], { cwd, program: 'gen' });
    await runCli(['b/my-server', ...QUICK], { cwd });
    expect(gen.code).toBe(0);
    expect(filesBelow(path.join(cwd, 'a'))).toEqual(filesBelow(path.join(cwd, 'b')));
  });
});

describe.concurrent('the same again', () => {
  test('goes to the same place, under the same name', async ({ expect }) => {
    const cwd = temporaryFolder();
    for (const [args, words] of [
      [['nested/app', '--name', 'other'], 'nested/app --name other --starter'],
      [['./@scope/x'], './@scope/x --starter'],
      [['./-x', '--name', 'fine'], './-x --name fine --starter'],
    ] as const) {
      const { stdout } = await runCli([...args, '--yes', '--dry-run', '--json'], { cwd });
      expect(JSON.parse(stdout).reproduce).toContain(` ${words} `);
    }
  });
});

describe.concurrent('--dry-run', () => {
  test('shows the files, where they come from, and the dependencies; writes nothing', async ({
    expect,
  }) => {
    const cwd = temporaryFolder();
    const { code, stdout } = await runCli(['my-server', '--yes', '--dry-run'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/my-server would contain \d+ files/);
    expect(stdout).toMatch(/ {2}src\/\n/);
    expect(stdout).toMatch(/package\.json +\d\.\d kB {2}base/);
    expect(stdout).toContain('datastore/sqlite');
    expect(stdout).toMatch(/dependencies\n {2}@modelcontextprotocol\/server /);
    expect(stdout).toContain('Nothing was written.');
    expect(stdout).toMatch(/npx create-mcp-server@\S+ my-server .*--yes/);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('as data; a target in the way is a warning', async ({ expect }) => {
    const cwd = temporaryFolder();
    writeFileSync(path.join(cwd, 'my-server'), '');
    const { code, stdout } = await runCli(['my-server', '--yes', '--dry-run', '--json'], { cwd });
    expect(code).toBe(0);
    const { plan, files, warnings, steps } = JSON.parse(stdout);
    expect(plan.files.map((file: { path: string }) => file.path)).toEqual(files);
    expect(plan.files).toContainEqual({
      path: 'package.json',
      bytes: expect.any(Number),
      origin: 'base',
    });
    expect(plan.dependencies).toHaveProperty('zod');
    expect(warnings).toEqual([expect.stringContaining('is not a directory')]);
    expect(steps).toEqual([]);
  });

  test('with --force: the files in the way are a warning', async ({ expect }) => {
    const cwd = temporaryFolder();
    writeFileSync(path.join(cwd, 'README.md'), 'mine');
    const args = ['.', '--name', 'x', '--yes', '--dry-run', '--force', '--json'];
    const { code, stdout } = await runCli(args, { cwd });
    expect(code).toBe(0);
    expect(JSON.parse(stdout).warnings).toEqual([
      expect.stringMatching(/contains different versions of README\.md\.$/),
    ]);
  });
});

describe.concurrent('mcp-gen render', () => {
  test('refuses a directory that is not empty, and a bad spec', async ({ expect }) => {
    const cwd = temporaryFolder();
    writeFileSync(path.join(cwd, 'mine'), '');
    const options = { cwd, program: 'gen' } as const;
    const full = await runCli(['render', '--spec', '-', '--out', '.'], {
      ...options,
      input: '{"name":"x"}',
    });
    expect(full.code).toBe(1);
    expect(full.stderr).toMatch(/is not empty/);
    expect(full.stderr).not.toContain('--force');
    const bad = await runCli(['render', '--spec', '-', '--out', 'x', '--json'], {
      ...options,
      input: '{}',
    });
    expect(bad.code).toBe(2);
    expect(JSON.parse(bad.stdout).problems[0].message).toContain('no name');
    const missing = await runCli(['render', '--out', 'x'], options);
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain('--spec');
    expect(readdirSync(cwd)).toEqual(['mine']);
  });
});
