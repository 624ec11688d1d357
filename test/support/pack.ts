import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { TestProject } from 'vitest/node';

/** The program as a user gets it: built, packed and installed in an empty folder. */
export interface Packed {
  readonly tarball: string;
  /** The folder with `node_modules`. */
  readonly folder: string;
  readonly create: string;
  readonly gen: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    packed: Packed;
  }
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Global setup of the tests that run the packed program; offline, because the package has no dependencies. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'create-mcp-server-packed-'));
  project.provide('packed', await pack(folder));
  return () => rm(folder, { recursive: true, force: true });
}

async function pack(folder: string): Promise<Packed> {
  const options = { cwd: ROOT, all: true } as const;
  await execa('node', ['scripts/build.mjs'], options);
  await execa('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], options);
  const file = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  if (file === undefined) throw new Error('npm pack made no tarball.');
  const tarball = path.join(folder, file);

  await writeFile(path.join(folder, 'package.json'), '{ "private": true }\n');
  await execa('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: folder });
  // Some tests run it as another user.
  await chmod(folder, 0o755);
  const bin = path.join(folder, 'node_modules', 'create-mcp-server', 'bin');
  return {
    tarball,
    folder,
    create: path.join(bin, 'create-mcp-server.js'),
    gen: path.join(bin, 'mcp-gen.js'),
  };
}
