/** From nothing to a proven server, beside what cannot be avoided: the installation of its dependencies. */
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { interleave, median, ratio, time } from './measure.mjs';
import { record } from './report.mjs';

const ROUNDS = 5;

/** Records `create --yes` as a multiple of `npm install`; the npm cache is warm, the folders are new. */
export async function benchProof(program, folder) {
  const made = join(folder, 'made');
  const bare = join(folder, 'bare');
  await time('node', [program, made, '--yes', '--no-install']);
  await copyFile(join(made, 'package.json'), join(folder, 'same-package.json'));
  const numbers = await interleave(
    {
      install: async () => {
        await rm(bare, { recursive: true, force: true });
        await mkdir(bare);
        await copyFile(join(folder, 'same-package.json'), join(bare, 'package.json'));
        return time('npm', ['install', '--no-audit', '--no-fund'], { cwd: bare });
      },
      create: async () => {
        await rm(made, { recursive: true, force: true });
        return time('node', [program, made, '--yes']);
      },
    },
    ROUNDS,
  );
  const seconds = (name) => `${(median(numbers[name]) / 1000).toFixed(1)} s`;
  record(
    'create --yes to the proven server, as a multiple of npm install',
    ratio(numbers, 'create', 'install'),
    {
      aim: 1.5,
      note: `${seconds('create')} beside ${seconds('install')}`,
    },
  );
}
