import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { type CliResult, runCli, temporaryFolder } from '../support/cli.js';

let project = '';

beforeEach(async () => {
  const folder = temporaryFolder();
  const args = ['my-server', '--yes', '--starter', 'minimal', '--no-install', '--no-git'];
  expect(await runCli(args, { cwd: folder })).toMatchObject({ code: 0 });
  project = path.join(folder, 'my-server');
});

const kit = (...args: string[]): Promise<CliResult> =>
  runCli(['kit', ...args], { cwd: project, program: 'gen' });
const read = (file: string) => readFileSync(path.join(project, file), 'utf8');
const write = (file: string, text: string) => writeFileSync(path.join(project, file), text);
const has = (file: string) => existsSync(path.join(project, file));
const packages = () => JSON.parse(read('package.json')) as Record<string, Record<string, string>>;

/** The owner's own use of something that the project was made without. */
const USE =
  "import { postgres } from './kit/store/postgres.js';\n\nexport const other = postgres();\n";

test('what the code newly imports is added, with its packages and types, and nothing else changes', async () => {
  const before = { package: packages(), manifest: JSON.parse(read('.mcp-gen.json')) };
  expect((await kit()).stdout).toMatch(/src\/kit has what your code imports \(\d+ files\)/);
  write('src/other.ts', USE);

  const asked = await kit('--check');
  expect(asked).toMatchObject({ code: 1, stderr: '' });
  expect(asked.stdout).toMatch(/Missing in src\/kit[\s\S]*postgres\.ts[\s\S]*pg 8/);
  expect(has('src/kit/store/postgres.ts')).toBe(false);

  const { code, stdout, stderr } = await kit();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/Next\n {2}npm install/);
  // What it imports itself came, too.
  expect(has('src/kit/store/postgres.ts') && has('src/kit/store/sql.ts')).toBe(true);
  const { dependencies, devDependencies, ...rest } = packages();
  const { dependencies: had, devDependencies: hadDev, ...others } = before.package;
  expect(rest).toEqual(others);
  expect(dependencies).toEqual({ ...had, pg: expect.stringMatching(/^8\./) });
  expect(devDependencies).toEqual({ ...hadDev, '@types/pg': expect.stringMatching(/^8\./) });
  const manifest = JSON.parse(read('.mcp-gen.json'));
  expect(manifest.files).toMatchObject(before.manifest.files);
  expect({ ...manifest, files: {} }).toEqual({ ...before.manifest, files: {} });
  expect((await kit('--check')).code).toBe(0);
});

test('what it no longer reaches is named, and removed when asked to, but never what was edited', async () => {
  write('src/other.ts', USE);
  await kit();
  const edited = 'src/kit/store/migrations.ts';
  write(edited, `${read(edited)}\n// ours\n`);
  rmSync(path.join(project, 'src/other.ts'));
  const { stdout } = await kit();
  expect(stdout).toMatch(/no longer reaches[\s\S]*src\/kit\/store\/postgres\.ts/);
  expect(stdout).toMatch(/Edited[^\n]*\n {2}src\/kit\/store\/migrations\.ts\n/);
  const { removed, edited: told } = JSON.parse((await kit('--prune', '--json')).stdout);
  expect(removed).toContain('src/kit/store/postgres.ts');
  expect(told).toEqual([edited]);
  expect(has('src/kit/store/postgres.ts')).toBe(false);
  expect(read(edited)).toContain('// ours');
});

test("an edited file, one of the owner's own and line ends of Windows stay as they are", async () => {
  const own = 'src/kit/own.ts';
  write(own, 'export const own = 1;\n');
  write('src/use.ts', "import { own } from './kit/own.js';\n\nexport const twice = 2 * own;\n");
  write('src/kit/index.ts', read('src/kit/index.ts').replaceAll('\n', '\r\n'));
  expect(JSON.parse((await kit('--prune', '--json')).stdout)).toMatchObject({
    files: [],
    removed: [],
    edited: [],
  });
  expect(has(own)).toBe(true);
});

test('an import of what the kit has not is named, with the file that was meant', async () => {
  write('src/other.ts', USE.replace('postgres.js', 'postgre.js'));
  const { code, stderr } = await kit();
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /src\/other\.ts imports \.\/kit\/store\/postgre\.js, and the kit has no store\/postgre\.ts[\s\S]*Did you mean store\/postgres\.ts\?/,
  );
});

test('the kit of another version is left alone', async () => {
  write(
    '.mcp-gen.json',
    read('.mcp-gen.json').replace(/"generator": "[^"]+"/, '"generator": "9.9.9"'),
  );
  write('src/other.ts', USE);
  const { code, stderr } = await kit();
  expect(code).toBe(1);
  expect(stderr).toContain('create-mcp-server@9.9.9 mcp-gen kit');
  expect(has('src/kit/store/postgres.ts')).toBe(false);
});

test('a package.json that is not JSON stops it before anything is written', async () => {
  write('src/other.ts', USE);
  write('package.json', '{');
  const { code, stderr } = await kit();
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('not JSON') });
  expect(has('src/kit/store/postgres.ts')).toBe(false);
});
