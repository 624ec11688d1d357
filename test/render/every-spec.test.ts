/** Tier 0: every set of answers, rendered in memory. What must hold for all files of all projects. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { loadCatalog } from '../../src/catalog/load.js';
import type { Catalog } from '../../src/catalog/types.js';
import { UsageError } from '../../src/errors.js';
import type { Plan } from '../../src/model.js';
import { createPlan } from '../../src/plan/index.js';
import { biome } from '../support/biome.js';
import {
  type Answer,
  everyAnswer,
  everySpec,
  TEMPLATES,
  textOf,
  VERSION,
  writeFolder,
} from '../support/render.js';

interface Project {
  /** For messages, for example `notes stdio,http …`. */
  readonly label: string;
  readonly plan: Plan;
}

/** A text that occurs in some project, and the first project it was seen in. */
interface Variant {
  readonly path: string;
  readonly text: string;
  readonly label: string;
}

let catalog: Catalog;
let answers: Answer[] = [];
let projects: Project[] = [];
let variants: Variant[] = [];

beforeAll(async () => {
  catalog = await loadCatalog(TEMPLATES);
  answers = everyAnswer(catalog);
  projects = everySpec(catalog).map((spec) => ({
    label: Object.values(spec.choices).join(' '),
    plan: createPlan(catalog, spec, VERSION),
  }));
  variants = distinct(projects);
});

/** Most files are the same in many projects: look at each text once. A database is no text. */
function distinct(all: readonly Project[]): Variant[] {
  const seen = new Map<string, Variant>();
  for (const { label, plan } of all) {
    for (const { path } of plan.values()) {
      if (path.endsWith('.db')) continue;
      const text = textOf(plan, path);
      const key = `${path}\0${text}`;
      if (!seen.has(key)) seen.set(key, { path, text, label });
    }
  }
  return [...seen.values()];
}

/** The mistakes that `find` sees, as `path (project): mistake`; a few are enough. */
function mistakes(find: (variant: Variant) => readonly string[]): string[] {
  return variants
    .flatMap((variant) =>
      find(variant).map((mistake) => `${variant.path} (${variant.label}): ${mistake}`),
    )
    .slice(0, 20);
}

const lines = (text: string, pattern: RegExp) =>
  text.split('\n').filter((line) => pattern.test(line));

const attempt = (parse: () => unknown): string[] => {
  try {
    parse();
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
};

describe('answers', () => {
  it('are many, and some do not go together', () => {
    const illegal = answers.filter(({ result }) => result instanceof UsageError);
    expect(answers.length - illegal.length).toBeGreaterThan(500);
    expect(illegal.length).toBeGreaterThan(100);
  });

  it('that do not go together are refused with a reason and a way out', () => {
    for (const { result } of answers) {
      if (!(result instanceof UsageError)) continue;
      expect(result.problems.length).toBeGreaterThan(0);
      for (const { message, hint } of result.problems) {
        expect(message).toMatch(/\w.*\.$/);
        expect(hint).toMatch(/\w.*\.$/);
      }
    }
  });

  it('that a refusal suggests exist', () => {
    const axes = new Map(catalog.axes.map(({ id, features }) => [id, features.map((f) => f.id)]));
    for (const { result } of answers) {
      if (!(result instanceof UsageError)) continue;
      const text = result.problems.map(({ message, hint }) => `${message} ${hint}`).join(' ');
      for (const [, flag = '', values = ''] of text.matchAll(/--([a-z-]+)(?: ([a-z0-9,-]+))?/g)) {
        expect([...axes.keys()]).toContain(flag);
        // `--axis` may also stand in a sentence, with any word behind it.
        for (const value of values
          .split(',')
          .filter((word) => !/^(to|or|and|alone|does|takes)?$/.test(word))) {
          expect(axes.get(flag)).toContain(value);
        }
      }
    }
  });
});

describe('every file of every project', () => {
  it('parses', () => {
    const wrong = mistakes(({ path, text }) => {
      if (path.endsWith('.json')) return attempt(() => JSON.parse(text));
      if (path.endsWith('.toml')) return attempt(() => parseToml(text));
      if (!/\.ya?ml$/.test(path)) return [];
      return parseAllDocuments(text).flatMap((document) => [
        ...document.errors.map(({ message }) => message),
        ...document.warnings.map(({ message }) => message),
      ]);
    });
    expect(wrong).toEqual([]);
  });

  it('has no trace of the template it came from', () => {
    const wrong = mistakes(({ path, text }) => {
      // GitHub's own expressions and Grafana's legends look like templates.
      const plain = text
        .replace(path.startsWith('.github/') ? /\$\{\{.*?\}\}/g : /$^/, '')
        .replace(
          path.endsWith('/dashboard.json') ? /(?<="legendFormat": ".*)\{\{\w+\}\}/g : /$^/,
          '',
        );
      return lines(plain, /\{\{|\}\}\}|handlebars|\.hbs\b|\[object /i);
    });
    expect(wrong).toEqual([]);
  });

  it('has no value that was not there', () => {
    const wrong = mistakes(({ path, text }) =>
      // In code it is a value like others.
      /\.[cm]?[jt]s$/.test(path)
        ? []
        : lines(text.replace(/^```ts\n.*?^```$/gms, ''), /\bundefined\b|\bNaN\b/),
    );
    expect(wrong).toEqual([]);
  });

  it('has no gaps, trailing spaces, tabs or odd ends', () => {
    const wrong = mistakes(({ text }) => [
      ...(/\n\n\n/.test(text) ? ['two blank lines'] : []),
      ...(/^\s/.test(text) ? ['starts with white space'] : []),
      ...(/[^\n]\n$/.test(text) ? [] : ['does not end with one newline']),
      ...(text.includes('\r') ? ['has carriage returns'] : []),
      ...lines(text, /[ \t]$|\t/),
    ]);
    expect(wrong).toEqual([]);
  });

  it('is clean for Biome, with the configuration of the project', async () => {
    const first = projects[0];
    if (!first) throw new Error('There are no projects.');
    const folder = await writeFolder({
      'biome.json': textOf(first.plan, 'biome.json'),
      '.gitignore': textOf(first.plan, '.gitignore'),
    });
    try {
      await writeTrees(folder);
      const { code, output } = await biome(
        folder,
        'check',
        '--max-diagnostics=30',
        '--error-on-warnings',
      );
      expect(code === 0 ? '' : output).toBe('');
      expect(Number(/Checked (\d+) files/.exec(output)?.[1])).toBeGreaterThan(60);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** Spreads all variants over as few folders as possible, so that one Biome sees every text once. */
async function writeTrees(folder: string): Promise<void> {
  const count = new Map<string, number>();
  for (const { path, text } of variants) {
    // Nested configurations would be roots of their own; Biome does not read the others.
    if (!/\.(?:[cm]?[jt]s|jsonc?)$/.test(path) || /biome\.json|\.mcp-gen\.json/.test(path))
      continue;
    const tree = count.get(path) ?? 0;
    count.set(path, tree + 1);
    const file = join(folder, `tree-${tree}`, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

/** What a file imports at once, without types: its own files, and whether there is a value of the MCP SDK. */
const importsOf = remembered((text: string) => {
  const files: string[] = [];
  let takesLibrary = false;
  for (const [, names = '', from = ''] of text.matchAll(
    /^(?:import|export) (?!type )([^;]*?) from '([^']+)';/gm,
  )) {
    if (from.startsWith('.')) files.push(from.replace(/\.js$/, '.ts'));
    const isTaken = names.split(',').some((name) => !/^[\s{]*(?:type .*|[}\s]*)$/s.test(name));
    takesLibrary ||= from.startsWith('@modelcontextprotocol/') && isTaken;
  }
  return { files, takesLibrary };
});

/** The only file that may ask where it is. */
const PROJECT_FILE = 'src/kit/host/node/project.ts';

/** Where the code that the entry loads, once compiled code is kept, begins. */
const HTTP_ROOTS = ['src/kit/serve/http.ts', 'src/server.ts'];

/** The files out of all that `entries` load that take a value of the MCP SDK. */
function loadersOfLibrary(plan: Plan, entries: readonly string[]): string[] {
  const found = new Set(entries);
  for (const path of found) {
    for (const file of importsOf(textOf(plan, path)).files) {
      found.add(posix.join(posix.dirname(path), file));
    }
  }
  return [...found].filter((path) => importsOf(textOf(plan, path)).takesLibrary);
}

function remembered<T>(work: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const result = known.get(text) ?? work(text);
    known.set(text, result);
    return result;
  };
}

describe('every project', () => {
  it('imports only what it has, and has only what it uses', () => {
    const wrong = new Set(projects.flatMap(({ plan, label }) => dependencyMistakes(plan, label)));
    expect([...wrong].slice(0, 20)).toEqual([]);
  });

  it('loads no value of the MCP SDK when it starts to serve HTTP', () => {
    const serving = projects.filter(({ plan }) => plan.has('src/http.ts'));
    expect(serving.length).toBeGreaterThan(100);
    const wrong = serving.flatMap(({ plan, label }) =>
      loadersOfLibrary(plan, ['src/http.ts', ...HTTP_ROOTS])
        // It is a client of other servers from its start.
        .filter((path) => !path.startsWith('src/kit/gateway/'))
        .map((path) => `${label}: ${path}`),
    );
    expect(wrong.slice(0, 20)).toEqual([]);
    const entries = new Set(serving.map(({ plan }) => textOf(plan, 'src/http.ts')));
    for (const entry of entries) {
      const loaded = [...entry.matchAll(/import\('\.\/(.+)\.js'\)/g)].map(([, file]) => file);
      expect(loaded.map((file) => `src/${file}.ts`).sort()).toEqual(HTTP_ROOTS);
    }
  });

  it('runs only scripts it has', () => {
    const wrong = projects.flatMap(({ plan, label }) => {
      const { scripts } = JSON.parse(textOf(plan, 'package.json'));
      return Object.entries<string>(scripts).flatMap(([name, script]) => {
        const files = script.match(/(?<=\bnode )(?:--\S+ )*\S+\.m?js/g) ?? [];
        return files
          .map((file) => file.split(' ').at(-1) ?? '')
          .filter((file) => !plan.has(file) && !plan.has(sourceOf(file)))
          .map((file) => `${label}: ${name} runs ${file}`);
      });
    });
    expect(wrong.slice(0, 20)).toEqual([]);
  });

  it('starts what its features promise to start', () => {
    const wrong = projects.flatMap(({ plan, label }) => {
      const entries = catalog.axes
        .flatMap((axis) => axis.features)
        .filter((feature) => feature.entry && label.split(/[ ,]/).includes(feature.id));
      return entries
        .map((feature) => feature.entry?.script ?? '')
        .filter((script) => !plan.has(sourceOf(script)))
        .map((script) => `${label}: no source for ${script}`);
    });
    expect(wrong.slice(0, 20)).toEqual([]);
  });

  it('asks in one file alone where it is: a bundle moves code from file to file', () => {
    const asking = mistakes(({ path, text }) =>
      path.startsWith('src/') && path !== PROJECT_FILE ? lines(text, /import\.meta/) : [],
    );
    expect(asking).toEqual([]);
    expect(
      variants.some(({ path, text }) => path === PROJECT_FILE && text.includes('import.meta.url')),
    ).toBe(true);
  });

  it('gives files to the user only where there are such files', () => {
    const features = [catalog.base, ...catalog.axes.flatMap((axis) => axis.features)];
    const seeds = projects
      .flatMap(({ plan }) => [...plan.values()])
      .filter(({ policy }) => policy === 'seed');
    const planned = new Set(seeds.map(({ path }) => path));
    expect(features.some(({ seeds }) => seeds.length > 0)).toBe(planned.size > 0);
    expect(planned.has('package.json')).toBe(false);
    // What every project has is ours, but for these: a glob must not claim our tests beside theirs.
    const ofBase = seeds.filter(({ origin }) => origin === catalog.base.id);
    expect([...new Set(ofBase.map(({ path }) => path))].sort()).toEqual([
      'README.md',
      'src/config.ts',
      'src/parts.ts',
      'src/server.ts',
    ]);
  });
});

/** `dist/a/b.js` → `src/a/b.ts`. */
function sourceOf(script: string): string {
  return script.replace(/^dist\//, 'src/').replace(/\.js$/, '.ts');
}

const IMPORT = /\b(?:from|import|import\.meta\.resolve|resolve)[ (]+(['"])([^'"\n]+)\1/g;

/** Packages that are used without an import, by the word that shows it. */
const TOOLS: Readonly<Record<string, RegExp>> = {
  typescript: /\btsc\b/,
  '@biomejs/biome': /\bbiome\b/,
};

function dependencyMistakes(plan: Plan, label: string): string[] {
  const pkg = JSON.parse(textOf(plan, 'package.json'));
  const runtime = new Set(Object.keys(pkg.dependencies ?? {}));
  const all = new Set([...runtime, ...Object.keys(pkg.devDependencies ?? {})]);
  const used = new Set<string>();
  const found: string[] = [];

  for (const path of plan.keys()) {
    if (!/\.[cm]?[jt]s$/.test(path)) continue;
    // Comments may show imports.
    const text = textOf(plan, path).replace(/^ *\/\*\*.*?\*\/$/gms, '');
    for (const [statement, , specifier = ''] of text.matchAll(IMPORT)) {
      if (specifier.startsWith('node:')) continue;
      if (specifier.startsWith('.')) {
        if (statement.startsWith('resolve')) continue;
        const target = posix.join(posix.dirname(path), specifier);
        if (plan.has(target) || plan.has(target.replace(/\.js$/, '.ts'))) continue;
        found.push(`${path} imports ${specifier}, which is not planned (${label})`);
      } else {
        const name = packageOf(specifier);
        used.add(name);
        // No bundle has what is below testing/: only tests import it.
        const isOfServer = path.startsWith('src/') && !path.startsWith('src/kit/testing/');
        const allowed = isOfServer ? runtime : all;
        const onlyType = new RegExp(`^import type .* from '${specifier}'`, 'm').test(text);
        if (allowed.has(name) || (onlyType && all.has(name))) continue;
        if (statement.startsWith('resolve')) continue;
        found.push(`${path} imports ${specifier}, which is no dependency (${label})`);
      }
    }
  }
  const scripts = Object.values(pkg.scripts ?? {}).join('\n');
  for (const name of all) {
    const typed = name.replace(/^@types\//, '');
    const tool = TOOLS[name] ?? new RegExp(`\\b${name}\\b`);
    if (used.has(name) || tool.test(scripts)) continue;
    if (name !== typed && (typed === 'node' || used.has(typed))) continue;
    found.push(`${name} is a dependency that nothing uses (${label})`);
  }
  const builtins = [...used].filter((name) => builtinModules.includes(name));
  return [...found, ...builtins.map((name) => `${name} is imported without node: (${label})`)];
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
