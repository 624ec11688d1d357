/** The program as a user gets it. */
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { time } from './measure.mjs';

const ROOT = resolve(import.meta.dirname, '..');

/** Builds, packs and installs it in `folder`. Gives the path of the program and the size of the tarball in bytes. */
export async function packInto(folder) {
  await time('node', ['scripts/build.mjs'], { cwd: ROOT });
  await time('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT });
  const tarball = join(
    folder,
    (await readdir(folder)).find((name) => name.endsWith('.tgz')),
  );
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  await time('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: folder });
  const program = join(folder, 'node_modules/create-mcp-server/bin/create-mcp-server.js');
  return { program, bytes: (await stat(tarball)).size };
}
