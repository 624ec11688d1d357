import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, onTestFinished, test } from 'vitest';
import { runCli, temporaryFolder } from '../support/cli.js';
import { leftOut } from '../support/left-out.js';

const QUICK = ['--yes', '--no-install', '--no-git'];
const isRoot = process.getuid?.() === 0;
const NOBODY = 65534;

describe('refused: exit 1, a reason, nothing changed', () => {
  test('a directory that is not empty', async ({ expect }) => {
    const cwd = temporaryFolder();
    mkdirSync(path.join(cwd, 'full'));
    writeFileSync(path.join(cwd, 'full/precious.txt'), 'mine');
    const { code, stderr } = await runCli(['full', ...QUICK], { cwd });
    expect(code).toBe(1);
    expect(stderr).toMatch(/is not empty\. It contains precious\.txt\.[\s\S]*--force/);
    expect(readdirSync(path.join(cwd, 'full'))).toEqual(['precious.txt']);
  });

  test('a file, and a path below a file', async ({ expect }) => {
    const cwd = temporaryFolder();
    writeFileSync(path.join(cwd, 'file'), 'mine');
    for (const target of ['file', 'file/below', 'file/far/below']) {
      const { code, stderr } = await runCli([target, ...QUICK], { cwd });
      expect(code).toBe(1);
      expect(stderr).toContain('not a directory');
    }
    expect(readFileSync(path.join(cwd, 'file'), 'utf8')).toBe('mine');
  });

  test('symbolic links: to a directory, dangling, to a file, on the way', async ({ expect }) => {
    const cwd = temporaryFolder();
    const outside = temporaryFolder();
    symlinkSync(outside, path.join(cwd, 'to-directory'));
    symlinkSync(path.join(outside, 'nowhere'), path.join(cwd, 'dangling'));
    writeFileSync(path.join(cwd, 'file'), '');
    symlinkSync('file', path.join(cwd, 'to-file'));
    for (const target of ['to-directory', 'to-directory/', 'dangling', 'to-file']) {
      const { code, stderr } = await runCli([target, ...QUICK, '--force'], { cwd });
      expect(code).toBe(1);
      expect(stderr).toContain('is a symbolic link');
    }
    const below = await runCli(['dangling/below', ...QUICK], { cwd });
    expect(below.code).toBe(1);
    expect(readdirSync(outside)).toEqual([]);
    expect(existsSync(path.join(outside, 'nowhere'))).toBe(false);
  });

  test.runIf(process.getuid)('a parent without write permission', async ({ expect }) => {
    const cwd = temporaryFolder();
    chmodSync(cwd, 0o555);
    const options = isRoot ? { cwd, uid: NOBODY } : { cwd };
    for (const target of ['x', 'deep/er/x']) {
      const { code, stderr } = await runCli([target, ...QUICK], options);
      expect(code).toBe(1);
      expect(stderr).toMatch(/No permission to write to/);
      expect(stderr).not.toMatch(/at .*\.js:/);
    }
    expect(readdirSync(cwd)).toEqual([]);
  });

  test.runIf(process.getuid)('a directory that cannot be read', async ({ expect }) => {
    const cwd = temporaryFolder();
    chmodSync(cwd, 0o755);
    mkdirSync(path.join(cwd, 'closed'), { mode: 0o000 });
    const options = isRoot ? { cwd, uid: NOBODY } : { cwd };
    const { code, stderr } = await runCli(['closed', ...QUICK], options);
    expect(code).toBe(1);
    expect(stderr).toMatch(/No permission/);
  });

  test('a name that is too long for the file system', async ({ expect }) => {
    const cwd = temporaryFolder();
    const { code, stderr } = await runCli(['d'.repeat(300), '--name', 'fine', ...QUICK], { cwd });
    expect(code).toBe(1);
    expect(stderr).toContain('too long');
    expect(readdirSync(cwd)).toEqual([]);
  });
});

describe('a disk without space', () => {
  const mountable = canMount();
  if (!mountable) leftOut('a full and a read-only disk', 'needs root to mount a small tmpfs');

  test.skipIf(!mountable)(
    'leaves nothing behind (needs root for a small tmpfs)',
    async ({ expect }) => {
      const cwd = temporaryFolder();
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', cwd]);
      expect(mounted.status, String(mounted.stderr)).toBe(0);
      onTestFinished(() => {
        spawnSync('umount', [cwd]);
      });
      mkdirSync(path.join(cwd, 'empty'));
      for (const target of ['x', 'a/b/x', 'empty']) {
        const { code, stderr } = await runCli([target, ...QUICK], { cwd });
        expect(code).toBe(1);
        expect(stderr).toMatch(/No space left/);
      }
      expect(readdirSync(cwd)).toEqual(['empty']);
      expect(readdirSync(path.join(cwd, 'empty'))).toEqual([]);
    },
  );

  test.skipIf(!mountable)('a read-only disk (needs root)', async ({ expect }) => {
    const cwd = temporaryFolder();
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', cwd]);
    onTestFinished(() => {
      spawnSync('umount', [cwd]);
    });
    const { code, stderr } = await runCli(['x', ...QUICK], { cwd });
    expect(code).toBe(1);
    expect(stderr).toContain('read-only file system');
  });
});

describe('accepted', () => {
  test('a directory with only version control, editor folders and a licence', async ({
    expect,
  }) => {
    const cwd = temporaryFolder();
    const target = path.join(cwd, 'fresh');
    mkdirSync(path.join(target, '.git'), { recursive: true });
    mkdirSync(path.join(target, '.idea'));
    for (const file of ['.git/HEAD', '.DS_Store', 'LICENSE'])
      writeFileSync(path.join(target, file), 'mine');
    const { code, stderr } = await runCli(['fresh', ...QUICK], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(readFileSync(path.join(target, 'LICENSE'), 'utf8')).toBe('mine');
    expect(existsSync(path.join(target, 'package.json'))).toBe(true);
  });

  test('the current directory: it is filled, not replaced, and its name is made to fit', async ({
    expect,
  }) => {
    const cwd = path.join(temporaryFolder(), 'My Great Server');
    mkdirSync(cwd);
    const { ino } = lstatSync(cwd);
    const { code, stdout } = await runCli(['.', ...QUICK, '--json'], { cwd });
    expect(code).toBe(0);
    expect(JSON.parse(stdout).project).toEqual({ name: 'my-great-server', directory: cwd });
    expect(lstatSync(cwd).ino).toBe(ino);
    expect(readdirSync(cwd)).toContain('package.json');
    expect(readdirSync(cwd).filter((name) => name.startsWith('.mcp-gen-'))).toEqual([]);
  });

  test('deep and odd paths, with --name', async ({ expect }) => {
    const cwd = temporaryFolder();
    const target = "a/b c/d'e $(x) {{f}} ü";
    const { code, stdout } = await runCli([target, '--name', 'fine', ...QUICK], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain(`cd 'a/b c/d'\\''e $(x) {{f}} ü'`);
    const manifest = JSON.parse(readFileSync(path.join(cwd, target, 'package.json'), 'utf8'));
    expect(manifest.name).toBe('fine');
  });
});

describe('--force', () => {
  test('adds files, keeps equal ones, and leaves everything else alone', async ({ expect }) => {
    const cwd = temporaryFolder();
    await runCli(['x', ...QUICK], { cwd });
    const secret = readFileSync(path.join(cwd, 'x/.env'), 'utf8');
    writeFileSync(path.join(cwd, 'x/mine.txt'), 'mine');
    spawnSync('rm', ['-r', path.join(cwd, 'x/src')]);

    const { code, stderr } = await runCli(['x', ...QUICK, '--force'], { cwd });
    expect(stderr).toContain('.env already exists');
    expect(code).toBe(0);
    expect(readFileSync(path.join(cwd, 'x/.env'), 'utf8')).toBe(secret);
    expect(readFileSync(path.join(cwd, 'x/mine.txt'), 'utf8')).toBe('mine');
    expect(existsSync(path.join(cwd, 'x/src'))).toBe(true);
  });

  test('never overwrites a file that differs: names it, exit 1, writes nothing', async ({
    expect,
  }) => {
    const cwd = temporaryFolder();
    mkdirSync(path.join(cwd, 'x/src/config.ts'), { recursive: true });
    writeFileSync(path.join(cwd, 'x/README.md'), 'mine');
    const { code, stdout } = await runCli(['x', ...QUICK, '--force', '--json'], { cwd });
    expect(code).toBe(1);
    const { problems, project, spec, steps, files } = JSON.parse(stdout);
    const [problem] = problems;
    expect(project).toEqual({ name: 'x', directory: path.join(cwd, 'x') });
    expect(spec).toMatchObject({ name: 'x', choices: {} });
    expect(steps).toMatchObject([{ name: 'write', status: 'failed' }]);
    expect(files).toEqual([]);
    expect(problem.message).toMatch(/README\.md, src\/config\.ts/);
    expect(readdirSync(path.join(cwd, 'x')).sort()).toEqual(['README.md', 'src']);
    expect(readFileSync(path.join(cwd, 'x/README.md'), 'utf8')).toBe('mine');
  });

  test('does not follow a symbolic link out of the target', async ({ expect }) => {
    const cwd = temporaryFolder();
    const outside = temporaryFolder();
    mkdirSync(path.join(cwd, 'x'));
    symlinkSync(outside, path.join(cwd, 'x/src'));
    symlinkSync(path.join(outside, 'env'), path.join(cwd, 'x/README.md'));
    const { code, stderr } = await runCli(['x', ...QUICK, '--force'], { cwd });
    expect(code).toBe(1);
    expect(stderr).toMatch(/README\.md/);
    expect(stderr).toMatch(/src\//);
    expect(readdirSync(outside)).toEqual([]);
  });
});

function canMount(): boolean {
  if (!isRoot) return false;
  const folder = mkdtempSync(path.join(tmpdir(), 'mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]).status === 0;
  if (mounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return mounted;
}
