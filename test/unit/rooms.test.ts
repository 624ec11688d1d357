/** Rooms of `src/` import in one direction: the table in docs/architecture.md, of which a room may import lower rows alone. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { moduleSpecifiers } from '../../src/text/module-specifiers.js';

/** A module below `src/` and what it imports, types and `import()` included. */
interface Module {
  readonly file: string;
  readonly imports: readonly string[];
  readonly packages: readonly string[];
}

interface Row {
  readonly room: string;
  readonly imports: readonly string[];
  readonly packages: readonly string[];
}

/** Files beside the rooms, which every room may import and which import no room. */
const GROUND = 'ground';

const roomOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : GROUND);

function parseModule(file: string, source: string): Module {
  const specifiers = moduleSpecifiers(source);
  const paths = specifiers
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts'));
  const packages = specifiers.filter((specifier) => !/^\.|^node:/.test(specifier));
  return {
    file,
    // package.json is outside.
    imports: [...new Set(paths.filter((path) => !path.startsWith('../')))],
    packages: [...new Set(packages.map(packageOf))],
  };
}

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

function readModules(): Module[] {
  return readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => parseModule(name, readFileSync(join('src', name), 'utf8')));
}

/** Rows like `| `src/plan/` | … | `catalog`, `text` | handlebars |`, from the top of the house to its ground. */
function readTable(): Row[] {
  const lines = readFileSync('docs/architecture.md', 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [, room, , imports = '', packages = ''] = /^\| `src\/(\w[\w-]*)\/` \|/.test(line)
      ? line.split('|').map((cell) => cell.trim())
      : [];
    if (room === undefined) return [];
    const words = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
    return [
      { room: room.slice('`src/'.length, -2), imports: words(imports), packages: words(packages) },
    ];
  });
}

/** Everything in which modules and table differ, one sentence each. */
function differences(modules: readonly Module[], table: readonly Row[]): string[] {
  const found: string[] = [];
  const rooms = [...new Set(modules.map(({ file }) => roomOf(file)))].filter((r) => r !== GROUND);
  for (const room of rooms) {
    if (!table.some((row) => row.room === room)) found.push(`src/${room}/ has no row in the table`);
  }
  for (const { file, imports } of modules.filter((one) => roomOf(one.file) === GROUND)) {
    const room = imports.find((path) => roomOf(path) !== GROUND);
    if (room) found.push(`src/${file} is on the ground and imports ${room}`);
  }
  for (const [index, row] of table.entries()) {
    const own = modules.filter(({ file }) => roomOf(file) === row.room);
    if (own.length === 0) found.push(`src/${row.room}/ does not exist`);
    const lower = table.slice(index + 1).map(({ room }) => room);
    for (const room of row.imports.filter((name) => !lower.includes(name))) {
      found.push(`the row of ${row.room} names ${room}, which is not below it`);
    }
    const used = new Set<string>();
    for (const { file, imports, packages } of own) {
      for (const path of imports) {
        const room = roomOf(path);
        if (room === row.room || room === GROUND) continue;
        used.add(room);
        if (!row.imports.includes(room)) found.push(`src/${file} imports ${path}`);
      }
      for (const name of packages) {
        used.add(name);
        if (!row.packages.includes(name)) found.push(`src/${file} imports ${name}`);
      }
    }
    for (const name of [...row.imports, ...row.packages].filter((one) => !used.has(one))) {
      found.push(`the row of ${row.room} names ${name}, which it does not import`);
    }
  }
  return found;
}

/** The first circle of files that is found, as its path; null when there is none. */
function findCycle(modules: readonly Module[]): string[] | null {
  const byFile = new Map(modules.map((one) => [one.file, one]));
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const next of byFile.get(file)?.imports ?? []) {
      const cycle = visit(next, [...path, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return null;
  };
  for (const { file } of modules) {
    const cycle = visit(file, []);
    if (cycle) return cycle;
  }
  return null;
}

const modules = readModules();
const table = readTable();
/** The modules with one more line in one of them. */
const planted = (file: string, line: string): Module[] => {
  const source = readFileSync(join('src', file), 'utf8');
  return modules.map((one) => (one.file === file ? parseModule(file, `${line}\n${source}`) : one));
};

it('sees every module and every import', () => {
  expect(modules.length).toBeGreaterThan(100);
  expect(table.length).toBeGreaterThan(10);
  const known = new Set(modules.map(({ file }) => file));
  const unknown = modules.flatMap(({ imports }) => imports.filter((path) => !known.has(path)));
  expect(unknown).toEqual([]);
});

it('rooms import what the table in docs/architecture.md says, and only downwards', () => {
  expect(differences(modules, table)).toEqual([]);
});

it('no files import each other in a circle', () => {
  expect(findCycle(modules)).toBeNull();
});

describe('a planted import is found', () => {
  it.each([
    ['commands/create.ts', "import { main } from '../cli/main.js';", 'cli/main.ts'],
    ['plan/index.ts', "import type { Output } from '../report/output.js';", 'report/output.ts'],
    ['text/yaml.ts', "const x = () => import('../catalog/index.js');", 'catalog/index.ts'],
    ['plan/index.ts', "export { resolveSpec } from '../steps/git.js';", 'steps/git.ts'],
    ['plan/index.ts', "import { execa } from 'execa';", 'execa'],
  ])('in %s: %s', (file, line, target) => {
    expect(differences(planted(file, line), table)).toContain(`src/${file} imports ${target}`);
  });

  it('on the ground', () => {
    expect(
      differences(planted('errors.ts', "import { x } from './text/yaml.js';"), table),
    ).toContain('src/errors.ts is on the ground and imports text/yaml.ts');
  });

  it('in a circle of two files of one room', () => {
    const line = "import type { Plan } from './index.js';";
    expect(new Set(findCycle(planted('plan/render.ts', line)))).toEqual(
      new Set(['plan/index.ts', 'plan/render.ts']),
    );
  });

  it('and a new room, and a row that goes upwards or that nobody needs', () => {
    const extra = [...modules, parseModule('attic/x.ts', '')];
    expect(differences(extra, table)).toEqual(['src/attic/ has no row in the table']);
    const rows = table.map((row) =>
      row.room === 'text'
        ? { ...row, imports: ['catalog'], packages: [...row.packages, 'x'] }
        : row,
    );
    expect(differences(modules, rows)).toEqual([
      'the row of text names catalog, which is not below it',
      'the row of text names catalog, which it does not import',
      'the row of text names x, which it does not import',
    ]);
  });
});
