/** Reads the kit, with what each of its files imports, so that a plan only has to walk. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, posix, sep } from 'node:path';
import * as z from 'zod';
import { moduleSpecifiers, sourceOf } from '../text/module-specifiers.js';
import type { Kit, KitFile } from './types.js';

const versions = z.record(z.string(), z.string()).default({});
const packageSchema = z.object({ dependencies: versions, devDependencies: versions });

const EMPTY: Kit = { files: {}, dependencies: {}, devDependencies: {} };

/** The kit in the folder `dir`, which may be missing, and one sentence for each mistake in it. */
export async function readKit(dir: string): Promise<{ kit: Kit; mistakes: readonly string[] }> {
  const source = join(dir, 'src');
  if (!existsSync(source)) return { kit: EMPTY, mistakes: [] };
  const pkg = packageSchema.safeParse(await jsonOf(join(dir, 'package.json')));
  const { dependencies, devDependencies } = pkg.data ?? EMPTY;
  const paths = (await readdir(source, { recursive: true }))
    .map((path) => path.replaceAll(sep, '/'))
    .filter((path) => path.endsWith('.ts'))
    .sort();
  const files: Record<string, KitFile> = {};
  const mistakes = pkg.success ? [] : ['kit/package.json: has no versions that can be read'];
  for (const path of paths) {
    // A checkout on Windows may have CRLF; plans are the same everywhere.
    const text = (await readFile(join(source, path), 'utf8')).replaceAll('\r\n', '\n');
    const imports: string[] = [];
    const packages: string[] = [];
    for (const specifier of new Set(moduleSpecifiers(text))) {
      if (specifier.startsWith('node:')) continue;
      if (/^[./]/.test(specifier)) imports.push(specifier);
      else packages.push(packageOf(specifier));
    }
    const targets = imports.map((specifier) => targetOf(path, specifier));
    files[path] = { text, imports: distinct(targets), packages: distinct(packages) };
    for (const specifier of imports) {
      const target = targetOf(path, specifier);
      if (paths.includes(target)) continue;
      const why = /^(?:\.\.)?\//.test(target) ? 'is outside kit/src' : 'is no file of the kit';
      mistakes.push(`kit/src/${path}: imports ${specifier}, which ${why}`);
    }
    // What only tests reach may use what only developers install.
    const isOfTests = path.startsWith('testing/');
    const known = isOfTests ? { ...dependencies, ...devDependencies } : dependencies;
    const where = isOfTests ? '"dependencies" or "devDependencies"' : '"dependencies"';
    for (const name of pkg.success ? distinct(packages) : []) {
      if (Object.hasOwn(known, name)) continue;
      mistakes.push(
        `kit/src/${path}: imports ${name}, which is not in ${where} of kit/package.json`,
      );
    }
  }
  return { kit: { files, dependencies, devDependencies }, mistakes };
}

async function jsonOf(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return null;
  }
}

/** The path below `kit/src` that a file there imports; it may lead out. */
function targetOf(path: string, specifier: string): string {
  if (specifier.startsWith('/')) return specifier;
  return posix.join(posix.dirname(path), sourceOf(specifier));
}

/** `libsql/promise` → `libsql`, `@a/b/c` → `@a/b`. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}
