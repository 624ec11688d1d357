/** The releases of Node.js that servers are measured on. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { time } from './measure.mjs';

const NEWER = '24';

/** The one that runs, and a newer one out of npm where npm has it for this machine: name and program of each. */
export async function nodes(folder) {
  const name = `node-${process.platform}-${process.arch}`;
  const newer = join(folder, 'node_modules', name, 'bin/node');
  const install = ['install', '--no-save', '--prefer-offline', '--no-audit', '--no-fund'];
  try {
    if (!existsSync(newer)) await time('npm', [...install, `${name}@${NEWER}`], { cwd: folder });
  } catch (error) {
    console.error(`· Node ${NEWER} is left out: ${error.message.split('\n')[1]}`);
  }
  const all = [[`Node ${process.versions.node.split('.')[0]}`, process.execPath]];
  return existsSync(newer) ? [...all, [`Node ${NEWER}`, newer]] : all;
}
