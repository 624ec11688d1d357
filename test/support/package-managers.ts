/** The package managers of the catalog, as programs to run. npm comes with Node.js. */
import { resolve } from 'node:path';
import { cachedPackage } from './install-cache.js';

const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  npm: [],
  pnpm: ['pnpm@12.21.0'],
  yarn: ['yarn@1.22.22', '@yarnpkg/cli-dist@4.18.1'],
  bun: ['bun@1.4.5'],
};

/** The packages whose versions of a package manager are tested; none when it comes with Node.js. */
export function versionsOf(packageManager: string): readonly string[] {
  const versions = PACKAGES[packageManager];
  if (!versions) throw new Error(`Nobody told the tests where ${packageManager} comes from.`);
  return versions;
}

/** The folder of the program, to be put on the PATH. */
export async function binFolderOf(version: string): Promise<string> {
  return resolve(await cachedPackage(version), '.bin');
}
