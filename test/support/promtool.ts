/** `promtool`, which comes with Prometheus: of this machine, or out of Debian's package. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { execa } from 'execa';

const CACHE = resolve('node_modules/.cache/create-mcp-server');

interface Tools {
  /** Where `promtool` is. */
  readonly path: string;
  /** Where Prometheus itself is. */
  readonly prometheus: string;
}

/** The tools, or why there are none. */
export async function findPromtool(): Promise<Tools | { missing: string }> {
  const version = await execa('promtool', ['--version'], { reject: false });
  if (version.exitCode === 0) return { path: 'promtool', prometheus: 'prometheus' };
  const folder = join(CACHE, 'prometheus');
  const path = join(folder, 'usr/bin/promtool');
  try {
    if (!existsSync(path)) await unpackInto(folder);
    return { path, prometheus: join(folder, 'usr/bin/prometheus') };
  } catch (error) {
    return { missing: `apt-get download prometheus: ${(error as Error).message.split('\n')[0]}` };
  }
}

/** The package is unpacked, not installed: it would start a service. */
async function unpackInto(folder: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const staging = await mkdtemp(join(CACHE, 'unpacking-'));
  try {
    await execa('apt-get', ['download', 'prometheus'], { cwd: staging });
    const [archive = ''] = await readdir(staging);
    await execa('dpkg', ['-x', archive, 'root'], { cwd: staging });
    await rename(join(staging, 'root'), folder);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
