import { rm } from 'node:fs/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { handlebars } from '../../src/catalog/handlebars.js';
import { loadCatalog } from '../../src/catalog/load.js';
import { precompileCatalog } from '../../src/catalog/precompile.js';
import type { Catalog } from '../../src/catalog/types.js';
import { createPlan } from '../../src/plan/index.js';
import { everySpec, KIT, TEMPLATES, textOf, VERSION, writeFolder } from '../support/render.js';
import { TOY } from '../support/toy-templates.js';

const folders: string[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** Runs the generated module; its only import is given to it. */
function evaluate(module: string): Promise<Catalog> {
  const body = module
    .replace(/^import .*$/m, '')
    .replace('export const embeddedCatalog =', 'return (')
    .replace(/;\s*$/, ')();');
  return new Function('handlebars', body)(handlebars) as Promise<Catalog>;
}

it('a release plans the same files as a checkout', async () => {
  const loaded = await loadCatalog(TEMPLATES);
  const embedded = await evaluate(await precompileCatalog(TEMPLATES, KIT));
  const specs = everySpec(loaded).filter((_, index) => index % 40 === 0);
  expect(specs.length).toBeGreaterThan(20);
  for (const spec of specs) {
    const ours = createPlan(loaded, spec, VERSION);
    const theirs = createPlan(embedded, spec, VERSION);
    expect([...theirs.keys()]).toEqual([...ours.keys()]);
    for (const path of ours.keys()) expect(textOf(theirs, path)).toBe(textOf(ours, path));
  }
  expect(Object.keys(embedded.blueprints)).toEqual(Object.keys(loaded.blueprints));
}, 60_000);

it('knows as much about the choices as a checkout', async () => {
  // As JSON: only templates are functions, and those were compared above.
  const data = (catalog: Catalog) =>
    JSON.parse(JSON.stringify(catalog, (key, value) => (key === 'files' ? undefined : value)));
  const embedded = await evaluate(await precompileCatalog(TEMPLATES, KIT));
  expect(data(embedded)).toEqual(data(await loadCatalog(TEMPLATES)));
});

it('brings the kit with its imports', async () => {
  const folder = await writeFolder({
    'package.json': { dependencies: { zod: '4.0.0' } },
    'src/a.ts': "import './b/c.js';\n",
    'src/b/c.ts': "import 'zod/mini';\nexport const text = `'\\n\\u2028'`;\n",
  });
  folders.push(folder);
  const { kit } = await evaluate(await precompileCatalog(TEMPLATES, folder));
  expect(kit).toEqual((await loadCatalog(TEMPLATES, folder)).kit);
  expect(Object.keys(kit.files)).toEqual(['a.ts', 'b/c.ts']);
});

it('names mistakes in templates with their file', async () => {
  const folder = await writeFolder({ ...TOY, 'base/files/a.txt.hbs': '{{#if name}}' });
  folders.push(folder);
  await expect(precompileCatalog(folder, KIT)).rejects.toThrow('base/files/a.txt.hbs: ');
});

it('is replaced by the folder that the environment names', async () => {
  const folder = await writeFolder(TOY);
  folders.push(folder);
  vi.stubEnv('CREATE_MCP_SERVER_TEMPLATES', folder);
  vi.resetModules();
  const { getCatalog } = await import('../../src/catalog/index.js');
  const catalog = await getCatalog();
  expect(catalog.axes.map(({ id }) => id)).toEqual(['store', 'reach', 'guard', 'package-manager']);
  expect(await getCatalog()).toBe(catalog);
});

it('is read from the templates of the checkout otherwise', async () => {
  vi.stubEnv('CREATE_MCP_SERVER_TEMPLATES', '');
  vi.resetModules();
  const { getCatalog } = await import('../../src/catalog/index.js');
  const ids = (catalog: Catalog) => catalog.axes.map(({ id }) => id);
  expect(ids(await getCatalog())).toEqual(ids(await loadCatalog(TEMPLATES)));
});
