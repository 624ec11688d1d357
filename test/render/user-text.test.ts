/** What a person typed comes out as typed, in every file of every kind, and the file still parses. */
import { rm } from 'node:fs/promises';
import { runInNewContext } from 'node:vm';
import { transform } from 'esbuild';
import { parse as parseToml } from 'smol-toml';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { loadCatalog } from '../../src/catalog/load.js';
import type { Catalog } from '../../src/catalog/types.js';
import type { Plan } from '../../src/model.js';
import { createPlan } from '../../src/plan/index.js';
import { resolveSpec } from '../../src/project-spec/index.js';
import { biome } from '../support/biome.js';
import { TEMPLATES, textOf, VERSION, writeFolder } from '../support/render.js';

const MARKER = 'Marks where descriptions go.';
const DESCRIPTIONS = [
  `it's "quoted", with \\ and \\n`,
  'one line\nanother\n\n\n\tand a tab',
  '{{name}} {{{name}}} {{> app/imports}} {{#each env}}',
  `\${HOME} \${{ github.token }} $& $1 \`id\` $(id)`,
  '", "scripts": { "preinstall": "id" }, "x": "',
  `a: b # c\n- d: [e, {f}] & *g !h %i @j | >`,
  `"""\n[evil]\nkey = '''1'''`,
  'FROM evil\nRUN id\n# escape=`',
  '*/ process.exit(1) /* //',
  '# Heading\n| a | b |\n<script>alert(1)</script>',
  'emoji 👩‍👩‍👧 é 日本語 \u2028 \u2029 \u00a0 end',
  "import { evil } from './evil.js';\nimport { a } from './a.js';",
  'x'.repeat(500),
];

let catalog: Catalog;
beforeAll(async () => {
  catalog = await loadCatalog(TEMPLATES);
});

/** As many features as can be chosen together: every deploy target, every transport. */
function planAll(description: string): Plan {
  const everything = catalog.axes
    .filter((axis) => axis.multiple)
    .map((axis) => [axis.id, axis.features.filter((f) => !f.exclusive).map((f) => f.id)] as const);
  const server = catalog.axes
    .flatMap((axis) => axis.features.map((feature) => ({ axis, feature })))
    .filter(
      ({ feature }) => feature.provides.includes('scale-out') && feature.provides.includes('sql'),
    )
    .map(({ axis, feature }) => [axis.id, feature.id] as const);
  const choices = Object.fromEntries([...everything, ...server]);
  const spec = resolveSpec({ name: 'my-server', description, choices }, catalog);
  return createPlan(catalog, spec, VERSION);
}

/** A file as data: what its language makes of it. Null for languages without values. */
function read(path: string, text: string): unknown {
  if (path.endsWith('.json')) return JSON.parse(text);
  if (path.endsWith('.toml')) return parseToml(text);
  if (!/\.ya?ml$/.test(path)) return null;
  return parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS();
  });
}

/** The data with every text changed by `change`. Hashes are left out: they differ of course. */
function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return /^[0-9a-f]{64}$/.test(value) ? 'hash' : change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [change(key), mapTexts(item, change)]),
  );
}

/** All string literals of a module, evaluated. */
async function literals(text: string): Promise<string[]> {
  const { code } = await transform(text, { loader: 'ts', format: 'cjs' });
  const module = { exports: {} };
  const require = () => ({ defineServer: (server: unknown) => server });
  runInNewContext(code, { module, exports: module.exports, require });
  const found: string[] = [];
  mapTexts(JSON.parse(JSON.stringify(module.exports)), (item) => {
    found.push(item);
    return item;
  });
  return found;
}

/** The paths whose text depends on the description. */
function touched(): string[] {
  const marked = planAll(MARKER);
  const other = planAll('Other.');
  return [...marked.keys()].filter((path) => textOf(marked, path) !== textOf(other, path));
}

it('stands in the files a person would look for it', () => {
  expect(touched()).toEqual(expect.arrayContaining(['package.json', 'README.md', 'src/server.ts']));
});

describe.each(DESCRIPTIONS)('%j', (description) => {
  it('changes nothing but itself in data files', () => {
    const marked = planAll(MARKER);
    const plan = planAll(description);
    expect([...plan.keys()]).toEqual([...marked.keys()]);
    for (const path of plan.keys()) {
      const expected = mapTexts(read(path, textOf(marked, path)), (text) =>
        text.replaceAll(MARKER, () => description),
      );
      expect(mapTexts(read(path, textOf(plan, path)), (text) => text)).toEqual(expected);
    }
  });

  it('is what TypeScript files say', async () => {
    const plan = planAll(description);
    for (const path of touched().filter((name) => name.endsWith('.ts'))) {
      expect(await literals(textOf(plan, path))).toContain(description);
    }
  });

  it('takes one line of Markdown, Dockerfiles and other line formats', () => {
    const marked = planAll(MARKER);
    const plan = planAll(description);
    const other = touched().filter((path) => !/\.(?:ts|json|toml|ya?ml)$/.test(path));
    for (const path of other) {
      const before = textOf(marked, path).split('\n');
      const after = textOf(plan, path).split('\n');
      expect(after).toHaveLength(before.length);
      before.forEach((line, index) => {
        if (!line.includes(MARKER)) expect(after[index]).toBe(line);
      });
    }
  });
});

it('leaves every file formatter-clean', async () => {
  const files = DESCRIPTIONS.flatMap((description, index) => {
    const plan = planAll(description);
    return touched()
      .filter((path) => /\.(?:ts|json)$/.test(path) && path !== '.mcp-gen.json')
      .map((path) => [`tree-${index}/${path}`, textOf(plan, path)]);
  });
  const plan = planAll(MARKER);
  const folder = await writeFolder({
    'biome.json': textOf(plan, 'biome.json'),
    '.gitignore': textOf(plan, '.gitignore'),
    ...Object.fromEntries(files),
  });
  try {
    const { code, output } = await biome(folder, 'check');
    expect(code === 0 ? '' : output).toBe('');
    expect(output).toContain(`Checked ${files.length + 1} files`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
