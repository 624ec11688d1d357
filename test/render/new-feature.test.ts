/** A new choice is one new folder: its flag, its rules, its files and its dependencies come from there. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadCatalog } from '../../src/catalog/load.js';
import { outlineOf } from '../../src/catalog/outline-of.js';
import type { Catalog } from '../../src/catalog/types.js';
import { buildProgram } from '../../src/cli/program.js';
import { UsageError } from '../../src/errors.js';
import type { Plan } from '../../src/model.js';
import { createPlan } from '../../src/plan/index.js';
import { resolveSpec } from '../../src/project-spec/index.js';
import { reproduceCommand } from '../../src/project-spec/reproduce.js';
import { everySpec, TEMPLATES, textOf, VERSION } from '../support/render.js';

const AXIS = 'datastore';
const TOY = 'toystore';

let folder = '';
let before: Catalog;
let after: Catalog;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'new-feature-'));
  await cp(TEMPLATES, folder, { recursive: true });
  const feature = join(folder, AXIS, TOY);
  // The toy speaks SQL like SQLite, so it is a copy with a name, a hint, a rule and a dependency of its own.
  await cp(join(TEMPLATES, AXIS, 'sqlite'), feature, { recursive: true });
  const json = (name: string, content: object) =>
    writeFile(join(feature, name), JSON.stringify(content));
  const original = (await loadCatalog(TEMPLATES)).axes
    .find(({ id }) => id === AXIS)
    ?.features.find(({ id }) => id === 'sqlite');
  if (!original) throw new Error('The datastore this test copies is gone.');
  const { facts, smoke, seeds } = original;
  await json('feature.json', {
    label: 'Toy store',
    hint: 'keeps toys',
    order: 99,
    provides: ['sql', 'readiness', 'toys'],
    requires: [{ capability: 'stdio', because: 'Toys are kept at home.', instead: 'Add stdio.' }],
    env: [
      { name: 'DATABASE_URL', description: 'Where the toys are.', default: 'file:data/toys.db' },
    ],
    facts,
    smoke,
    seeds,
  });
  await json('package.json', {
    ...original.pkg,
    dependencies: { 'toy-store': '1.2.3' },
  });
  await mkdir(join(feature, 'files', 'src'), { recursive: true });
  await writeFile(
    join(feature, 'files', 'src', 'toys.ts.hbs'),
    'export const toys = {{ts name}};\n',
  );
  before = await loadCatalog(TEMPLATES);
  after = await loadCatalog(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const resolve = (choices: Record<string, string>) =>
  resolveSpec({ name: 'my-server', choices: { [AXIS]: TOY, ...choices } }, after);

it('is a value of its flag and stands in the help', () => {
  const help = (catalog: Catalog) =>
    buildProgram('create-mcp-server', outlineOf(catalog.axes), () => {})
      .helpInformation()
      .replace(/\s+/g, ' ');
  expect(help(before)).not.toContain(TOY);
  expect(help(after)).toMatch(new RegExp(`--${AXIS} <[^>]*>[^-]*${TOY}`));
});

it('makes a project, with its files, settings and dependencies', () => {
  const spec = resolve({});
  const plan = createPlan(after, spec, VERSION);
  expect(textOf(plan, 'src/toys.ts')).toBe("export const toys = 'my-server';\n");
  expect(plan.get('src/toys.ts')?.origin).toBe(`${AXIS}/${TOY}`);
  expect(plan.get('test/support/database.ts')?.origin).toBe(`${AXIS}/${TOY}`);
  expect(textOf(plan, 'src/parts.ts')).toContain('store: sqlite(');
  expect(plan.get('src/kit/store/sqlite.ts')?.origin).toBe('kit');
  expect(JSON.parse(textOf(plan, 'package.json')).dependencies['toy-store']).toBe('1.2.3');
  expect(textOf(plan, '.env.example')).toContain('Where the toys are.');
  expect(textOf(plan, 'README.md')).toContain('file:data/toys.db');
  expect(JSON.parse(textOf(plan, '.mcp-gen.json')).spec.choices[AXIS]).toBe(TOY);
  expect(reproduceCommand(spec, after, spec.name)).toContain(` --${AXIS} ${TOY} `);
});

it('brings its own rules', () => {
  expect(() => resolve({ transport: 'http' })).toThrow(UsageError);
  expect(() => resolve({ transport: 'http' })).toThrow('Toys are kept at home.');
});

it('is a name that projects cannot have any more', () => {
  const named = (catalog: Catalog) => () => resolveSpec({ name: 'toy-store' }, catalog);
  expect(named(before)).not.toThrow();
  expect(named(after)).toThrow('"toy-store" is the name of a package');
});

it('changes nothing about projects that do not choose it', () => {
  const texts = (plan: Plan) => [...plan.keys()].map((path) => `${path}\n${textOf(plan, path)}`);
  const specs = everySpec(before).filter((_, index) => index % 25 === 0);
  expect(specs.length).toBeGreaterThan(20);
  for (const spec of specs) {
    expect(texts(createPlan(after, spec, VERSION))).toEqual(
      texts(createPlan(before, spec, VERSION)),
    );
  }
  const withToy = everySpec(after).filter((spec) => spec.choices[AXIS]?.includes(TOY));
  expect(everySpec(after)).toHaveLength(everySpec(before).length + withToy.length);
  expect(withToy.length).toBeGreaterThan(50);
});
