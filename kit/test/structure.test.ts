import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { moduleSpecifiers } from '../../src/text/module-specifiers.js';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));
const TEMPLATES = fileURLToPath(new URL('../../templates/', import.meta.url));
const PACKAGE = new URL('../package.json', import.meta.url);

/** The rooms of the kit, each a folder or a file of its own. A room imports from those above it, never beside or below. */
const ORDER = [
  // The words that everything speaks.
  ['definitions'],
  // What the machine gives.
  ['host'],
  // What every call passes, and what rooms share that keep a connection open.
  ['calls', 'connections'],
  // What a server is put together of.
  ['parts'],
  // Parts and ports that no transport knows.
  ['gateway', 'limits', 'outbound', 'policy', 'protocol', 'store', 'telemetry'],
  // The transports, and what replicas share.
  ['http', 'state', 'stdio'],
  // What exists for HTTP alone, and what a project imports: the definition of a server, whose routes are HTTP.
  ['auth', 'index', 'sessions'],
  // The composition roots.
  ['serve'],
  // What only tests import.
  ['testing'],
];

/**
 * What needs Node.js, by files and folders, and why. Everything else runs on web standards and what a `Host` gives
 * (`serve/web.test.ts` runs it), and imports none of these.
 */
const OF_NODE: Readonly<Record<string, string>> = {
  'gateway/': 'processes, and a file that is looked at again and again',
  'host/node/': 'Node.js itself: files, signals, hashes, the log',
  'serve/http.ts': 'the entry of a process with a port',
  'serve/migrate.ts': 'a program of the shell',
  'serve/migrate-indices.ts': 'a program of the shell',
  'serve/migration-program.ts': 'a program of the shell',
  'serve/seed.ts': 'a program of the shell',
  'serve/node-server.ts': 'node:http',
  'serve/process-metrics.ts': 'figures of a process',
  'serve/stdio.ts': 'the entry of a process that its client starts',
  'stdio/': 'streams of a process',
  'store/': 'database drivers, and migrations in files',
  'connections/redis.ts': 'a connection over TCP',
  'state/redis.ts': 'a connection over TCP',
  'state/shared-redis.ts': 'a connection over TCP',
  'sessions/redis/': 'a connection over TCP',
  'policy/policy-file.ts': 'looks at a file again and again',
  'auth/jwt.ts': 'reads keys in PEM with node:crypto, which says what they are good for',
  'telemetry/opentelemetry.ts': 'loads telemetry/spans.ts',
  'testing/elasticsearch.ts': 'a server for tests',
  'testing/embedded-postgres.ts': 'a server for tests',
  'testing/identity-provider.ts': 'a server for tests',
  'testing/stand-in.ts': 'starts a process',
  'telemetry/spans.ts': 'the channels of the HTTP client of Node.js',
};

/** Source texts by their paths below `src/`. */
type Sources = ReadonlyMap<string, string>;
interface Import {
  readonly from: string;
  readonly to: string;
}

function sourcesOfKit(): Sources {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'));
  return new Map(files.map((path) => [path, readFileSync(SRC + path, 'utf8')]));
}

function relativeImports(sources: Sources): Import[] {
  return [...sources].flatMap(([from, text]) =>
    moduleSpecifiers(text)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => ({ from, to: posix.join(posix.dirname(from), specifier) }))
      .map(({ to }) => ({ from, to: to.replace(/\.js$/, '.ts') })),
  );
}

/** Imports that lead to no file of the kit. */
function strayImports(sources: Sources): string[] {
  return relativeImports(sources)
    .filter(({ to }) => !sources.has(to))
    .map(({ from, to }) => `${from} -> ${to}`);
}

/** The files of the kit that templates import. */
function importedByProjects(): string[] {
  const files = readdirSync(TEMPLATES, { recursive: true, encoding: 'utf8' });
  const texts = files
    .filter((path) => /\.(?:ts|hbs)$/.test(path))
    .map((path) => readFileSync(TEMPLATES + path, 'utf8'));
  const imports = texts.flatMap((text) => [...text.matchAll(/'[./a-z]*\/kit\/([\w/-]+)\.js'/g)]);
  expect(imports.length).toBeGreaterThan(10);
  return imports.map(([, path]) => `${path}.ts`);
}

const isOfNode = (path: string) =>
  Object.keys(OF_NODE).some((one) => (one.endsWith('/') ? path.startsWith(one) : path === one));

/** Comments and texts, where the names of things mean nothing. */
const NO_CODE = /\/\*[\s\S]*?\*\/|\/\/.*|'(?:[^'\\\n]|\\.)*'/g;
const GLOBALS_OF_NODE =
  /\b(?:Buffer|NodeJS|process|require|setImmediate|clearImmediate|global|__dirname|__filename)\b/g;

/** What other files than those of Node.js have that only Node.js gives. */
function beyondStandards(sources: Sources): string[] {
  const neutral = [...sources].filter(([path]) => !isOfNode(path));
  const builtin = (name: string) => name.startsWith('node:') || builtinModules.includes(name);
  const imports = relativeImports(new Map(neutral)).filter(({ to }) => isOfNode(to));
  return [
    ...imports.map(({ from, to }) => `${from} -> ${to}`),
    ...neutral.flatMap(([path, text]) => [
      ...moduleSpecifiers(text)
        .filter(builtin)
        .map((name) => `${path} -> ${name}`),
      ...(text.replace(NO_CODE, '').match(GLOBALS_OF_NODE) ?? []).map((name) => `${path}: ${name}`),
    ]),
  ];
}

const roomOf = (path: string) => path.replace(/\/.*|\.ts$/, '');
const folderOf = (path: string) => (path.includes('/') ? posix.dirname(path) : path);

function wrongDirections(sources: Sources): string[] {
  const level = (path: string) => ORDER.findIndex((rooms) => rooms.includes(roomOf(path)));
  return relativeImports(sources)
    .filter(({ from, to }) => roomOf(from) !== roomOf(to) && level(to) >= level(from))
    .map(({ from, to }) => `${from} -> ${to}`);
}

/** The nodes on some cycle of the graph whose nodes are files, or `nodeOf` them. */
function onCycles(sources: Sources, nodeOf = (path: string) => path): string[] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of relativeImports(sources)) {
    const [a, b] = [nodeOf(from), nodeOf(to)];
    if (a !== b) next.set(a, (next.get(a) ?? new Set()).add(b));
  }
  const reaches = (start: string) => {
    const seen = new Set(next.get(start));
    for (const one of seen) for (const more of next.get(one) ?? []) seen.add(more);
    return seen;
  };
  return [...next.keys()].filter((node) => reaches(node).has(node)).sort();
}

/** Packages that are imported and are no dependency of the kit: a project would not get them. */
function foreignPackages(sources: Sources, dependencies: readonly string[]): string[] {
  const known = new Set([...dependencies, ...builtinModules.map((name) => `node:${name}`)]);
  const packageOf = (specifier: string) =>
    specifier.startsWith('node:')
      ? specifier
      : specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/');
  return [...sources].flatMap(([from, text]) =>
    moduleSpecifiers(text)
      .filter((specifier) => !specifier.startsWith('.') && !known.has(packageOf(specifier)))
      .map((specifier) => `${from} -> ${specifier}`),
  );
}

describe('the kit', () => {
  const sources = sourcesOfKit();
  const { dependencies, devDependencies, exports } = JSON.parse(readFileSync(PACKAGE, 'utf8'));

  test('has only rooms that have a place in the order', () => {
    expect([...new Set([...sources.keys()].map(roomOf))].sort()).toEqual(ORDER.flat().sort());
  });

  test('imports in one direction', () => {
    expect(wrongDirections(sources)).toEqual([]);
  });

  test('names every module that projects import among its exports, and no other file', () => {
    const named = Object.values<string>(exports).map((path) => path.replace('./src/', ''));
    expect(named.filter((path) => !sources.has(path))).toEqual([]);
    expect(importedByProjects().filter((path) => !named.includes(path))).toEqual([]);
  });

  test('has what only tests use in testing/: no source of a project imports that', () => {
    const sourcesOfProjects = readdirSync(TEMPLATES, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(?:ts|hbs)$/.test(path) && !/\btest[\\/.]/.test(path))
      .filter((path) => readFileSync(TEMPLATES + path, 'utf8').includes('kit/testing/'));
    expect(sourcesOfProjects).toEqual([]);
  });

  test('needs Node.js only where a list says why', () => {
    expect(beyondStandards(sources)).toEqual([]);
    const files = [...sources.keys()];
    const isThere = (one: string) => files.some((path) => path === one || path.startsWith(one));
    expect(Object.keys(OF_NODE).filter((one) => !isThere(one))).toEqual([]);
  });

  test('has no cycle of files', () => {
    expect(onCycles(sources)).toEqual([]);
  });

  test('has no cycle of folders', () => {
    expect(onCycles(sources, folderOf)).toEqual([]);
  });

  test('imports nothing outside of itself but its packages', () => {
    expect(strayImports(sources)).toEqual([]);
    const isOfTests = ([path]: readonly [string, string]) => roomOf(path) === 'testing';
    const ofServers = new Map([...sources].filter((source) => !isOfTests(source)));
    expect(foreignPackages(ofServers, Object.keys(dependencies))).toEqual([]);
    const ofTests = new Map([...sources].filter(isOfTests));
    const all = Object.keys({ ...dependencies, ...devDependencies });
    expect(foreignPackages(ofTests, all)).toEqual([]);
  });
});

describe('these tests find', () => {
  const made = (files: Record<string, string>): Sources => new Map(Object.entries(files));
  const imports = (...specifiers: string[]) =>
    specifiers.map((specifier) => `import '${specifier}';\n`).join('');

  test('an import against the order, also of types alone, and between rooms of one level', () => {
    const sources = made({
      'calls/a.ts': "import type { B } from '../http/b.js';",
      'http/b.ts': imports('../state/c.js'),
      'state/c.ts': imports('../calls/d.js'),
      'calls/d.ts': '',
    });
    expect(wrongDirections(sources)).toEqual([
      'calls/a.ts -> http/b.ts',
      'http/b.ts -> state/c.ts',
    ]);
  });

  test('a cycle of files, and one of folders without one', () => {
    const files = made({ 'a.ts': imports('./b.js'), 'b.ts': "await import('./a.js')", 'c.ts': '' });
    expect(onCycles(files)).toEqual(['a.ts', 'b.ts']);
    const folders = made({
      'sessions/a.ts': imports('./redis/b.js'),
      'sessions/redis/b.ts': '',
      'sessions/redis/c.ts': imports('../d.js'),
      'sessions/d.ts': '',
    });
    expect(onCycles(folders)).toEqual([]);
    expect(onCycles(folders, folderOf)).toEqual(['sessions', 'sessions/redis']);
  });

  test('what only Node.js gives, but not its name in a comment or a text', () => {
    const sources = made({
      'calls/a.ts': "import { hash } from 'node:crypto';\nsetImmediate(() => {});",
      'calls/b.ts': imports('../host/node/host.js', 'fs'),
      'calls/c.ts': "/** The process. */ const text = 'it\\'s a Buffer'; // process\n",
      'calls/d.ts': 'const bytes = Buffer.from(text);\nlet timer: NodeJS.Timeout;',
      'stdio/e.ts': imports('node:stream'),
    });
    expect(beyondStandards(sources).sort()).toEqual([
      'calls/a.ts -> node:crypto',
      'calls/a.ts: setImmediate',
      'calls/b.ts -> fs',
      'calls/b.ts -> host/node/host.ts',
      'calls/d.ts: Buffer',
      'calls/d.ts: NodeJS',
    ]);
  });

  test('an import of what is not in the kit', () => {
    const sources = made({ 'calls/a.ts': imports('../../test/b.js', './c.js', 'pg', 'node:fs') });
    expect(strayImports(sources)).toEqual([
      'calls/a.ts -> ../test/b.ts',
      'calls/a.ts -> calls/c.ts',
    ]);
    expect(foreignPackages(sources, ['zod'])).toEqual(['calls/a.ts -> pg']);
  });
});
