/**
 * node scripts/keep-external.mjs FOLDER: copies the packages that stay outside of the bundle (rolldown.config.js:
 * external) and what they depend on, for an image that needs no other packages. Any package manager may have installed them.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import config from '../rolldown.config.js';

const root = resolve(import.meta.dirname, '..');
const target = resolve(process.argv[2] ?? 'external');
const outside = [config.external ?? []].flat();
// Packages of both C libraries are installed; npm cannot tell them apart.
process.report.excludeNetwork = true;
const otherLibc = process.report.getReport().header.glibcVersionRuntime ? /-musl$/ : /-gnu$/;
/** Where each package was copied from. */
const kept = new Map();

mkdirSync(target, { recursive: true });
for (const name of Object.keys(readPackage(root).dependencies ?? {})) {
  if (outside.some((one) => (one instanceof RegExp ? one.test(name) : one === name))) {
    keep(name, root, false);
  }
}

function keep(name, from, isOptional) {
  const folder = isOptional && otherLibc.test(name) ? undefined : find(name, from);
  if (folder === undefined) {
    if (isOptional) return;
    throw new Error(`${name}, which ${from} depends on, is not installed.`);
  }
  if (kept.has(name) && kept.get(name) !== folder) {
    throw new Error(`Two versions of ${name} are outside of the bundle.`);
  }
  if (kept.has(name)) return;
  kept.set(name, folder);
  const isOwn = (path) => !path.slice(folder.length).includes('node_modules');
  cpSync(folder, join(target, name), { recursive: true, filter: isOwn });
  const { dependencies, optionalDependencies } = readPackage(folder);
  // What is optional may be for another platform. npm lists it under both names.
  for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) {
    keep(next, folder, Object.hasOwn(optionalDependencies ?? {}, next));
  }
}

/** As Node.js looks for it: in each folder above, and where links lead. */
function find(name, from) {
  const folder = join(from, 'node_modules', name);
  if (existsSync(folder)) return realpathSync(folder);
  return from === dirname(from) ? undefined : find(name, dirname(from));
}

function readPackage(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}
