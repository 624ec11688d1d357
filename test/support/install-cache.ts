/** Programs from npm that tests run, each in a folder of its own that is kept between runs. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { execa } from 'execa';
import { cleanEnv } from './cli.js';

const CACHE = resolve('node_modules/.cache/create-mcp-server');

/**
 * The `node_modules` folder with the package `spec` (`name@version`) in it, installed when it is not there yet.
 * Rejects with npm's own output when that fails.
 */
export async function cachedPackage(spec: string): Promise<string> {
  const folder = resolve(CACHE, spec.replaceAll('/', '+'));
  if (!existsSync(folder)) await installInto(folder, spec);
  return resolve(folder, 'node_modules');
}

/**
 * The `node_modules` folder with these packages in it, kept under `name` until one of the versions changes.
 * Rejects with npm's own output when the installation fails.
 */
export async function cachedInstall(
  name: string,
  dependencies: Readonly<Record<string, string>>,
  overrides: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const sorted = Object.entries(dependencies).sort(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash('sha256')
    .update(JSON.stringify([sorted, overrides]))
    .digest('hex')
    .slice(0, 12);
  const folder = resolve(CACHE, `${name}-${hash}`);
  if (!existsSync(folder)) await installInto(folder, null, dependencies, overrides);
  return resolve(folder, 'node_modules');
}

/** Half an installation must never be found, and two processes may want the same one. */
async function installInto(
  folder: string,
  spec: string | null,
  dependencies: Readonly<Record<string, string>> = {},
  overrides: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const staging = await mkdtemp(resolve(CACHE, 'installing-'));
  try {
    const manifest = JSON.stringify({ private: true, dependencies, overrides });
    await writeFile(resolve(staging, 'package.json'), `${manifest}\n`);
    const wanted = spec === null ? [] : [spec];
    const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', ...wanted];
    await execa('npm', args, { cwd: staging, env: cleanEnv(), extendEnv: false, all: true });
    await rename(staging, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
