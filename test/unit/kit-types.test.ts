/** The kit is ordinary TypeScript: a type error in it is found where it stands, before anything is rendered or run. */
import { execFile } from 'node:child_process';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/cli.js';

it('a type error that is planted in the kit is all that its type check finds', async () => {
  const folder = temporaryFolder('kit-types-');
  for (const part of ['package.json', 'tsconfig.json', 'src']) {
    await cp(join('kit', part), join(folder, 'kit', part), { recursive: true });
  }
  await symlink(resolve('node_modules'), join(folder, 'node_modules'), 'junction');
  const file = join(folder, 'kit/src/store/sql.ts');
  const text = await readFile(file, 'utf8');
  await writeFile(file, `export const planted: number = 'text';\n${text}`);
  const tsc = resolve('node_modules/typescript/bin/tsc');
  const checking = promisify(execFile)(process.execPath, [tsc, '-p', 'kit', '--pretty', 'false'], {
    cwd: folder,
  });
  const { stdout } = await checking.catch((error: { stdout: string }) => error);
  expect(stdout.trim().split('\n')).toEqual([
    expect.stringContaining('kit/src/store/sql.ts(1,14): error TS2322: '),
  ]);
}, 60_000);

it('which CI runs before any test', async () => {
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8'));
  expect(scripts.typecheck.split(' && ')).toContain('tsc -p kit --noEmit');
  const ci = await readFile('.ci/run', 'utf8');
  const steps = [...ci.matchAll(/^ {2}step\w* '([\w-]+)'/gm)].map(([, name]) => name);
  expect(steps.slice(0, 2)).toEqual(['lint', 'types']);
});
