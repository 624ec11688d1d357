/** The kit: which of its files and packages a project gets, and which mistakes in it are found. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { loadCatalog } from '../../src/catalog/load.js';
import type { Plan, SpecInput } from '../../src/model.js';
import { createPlan } from '../../src/plan/index.js';
import { resolveSpec } from '../../src/project-spec/index.js';
import { dependencyNames } from '../../src/project-spec/name.js';
import { type Files, textOf, writeFolder } from '../support/render.js';
import { TOY } from '../support/toy-templates.js';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** Stores, one of them with a driver; whoever takes one takes what it stands on. */
const KIT: Files = {
  'package.json': {
    name: 'kit',
    dependencies: { driver: '1.2.3', '@acme/wire': '^4.0.0', unused: '9.9.9' },
    devDependencies: { '@types/driver': '1.0.1', '@types/acme__wire': '4.0.2', vitest: '1.0.0' },
  },
  'src/index.ts': "export { define } from './define.js';\nexport type { Port } from './port.js';\n",
  'src/define.ts':
    "import type { Port } from './port.js';\nexport const define = (port: Port) => port;\n",
  'src/port.ts': 'export interface Port {}\n',
  'src/store/sqlite.ts':
    "import { readFile } from 'node:fs/promises';\nimport driver from 'driver/promise';\nimport { share } from './shared.js';\nexport const sqlite = () => import('./late.js');\n",
  'src/store/shared.ts': "import '../effects.js';\nexport const share = 1;\n",
  'src/store/late.ts':
    "import type { Wire } from '@acme/wire/types';\nexport * from './sqlite.js';\n",
  'src/effects.ts': '\r\nexport {};\r\n',
  'src/never.ts': "import 'unused';\n",
};

interface Changes {
  readonly templates?: Files;
  readonly kit?: Files;
}

async function load({ templates = {}, kit = {} }: Changes) {
  const prefixed = (prefix: string, files: Files): Files =>
    Object.fromEntries(
      Object.entries(files)
        .filter(([, content]) => content !== null)
        .map(([path, content]) => [`${prefix}/${path}`, content]),
    );
  const folder = await writeFolder({
    ...prefixed('templates', { ...TOY, ...templates }),
    ...prefixed('kit', { ...KIT, ...kit }),
  });
  folders.push(folder);
  return loadCatalog(join(folder, 'templates'), join(folder, 'kit'));
}

async function plan(changes: Changes, input: SpecInput = {}): Promise<Plan> {
  const catalog = await load(changes);
  return createPlan(catalog, resolveSpec({ name: 'my-server', ...input }, catalog), '1.2.3');
}

const kitFiles = (files: Plan) => [...files.keys()].filter((path) => path.startsWith('src/kit/'));
const packagesOf = (files: Plan) => {
  const { dependencies, devDependencies } = JSON.parse(textOf(files, 'package.json'));
  return { dependencies, devDependencies };
};

describe('a project takes', () => {
  it('nothing when it imports nothing', async () => {
    const files = await plan({});
    expect(kitFiles(files)).toEqual([]);
    expect(packagesOf(files)).toEqual({ dependencies: { zod: '4.0.0' } });
  });

  it('what its tests import, whose packages only developers install', async () => {
    const testing = "import { test } from 'vitest';\nimport { define } from '../define.js';\n";
    const files = await plan({
      templates: { 'base/files/test/x.test.ts': "import '../src/kit/testing/x.js';\n" },
      kit: { 'src/testing/x.ts': testing },
    });
    expect(kitFiles(files)).toEqual([
      'src/kit/define.ts',
      'src/kit/port.ts',
      'src/kit/testing/x.ts',
    ]);
    expect(packagesOf(files)).toEqual({
      dependencies: { zod: '4.0.0' },
      devDependencies: { vitest: '1.0.0' },
    });
  });

  it('what its files import, and what that imports', async () => {
    const server = "import { define } from './kit/index.js';\n";
    const files = await plan({ templates: { 'base/files/src/server.ts': server } });
    expect(kitFiles(files)).toEqual(['src/kit/define.ts', 'src/kit/index.ts', 'src/kit/port.ts']);
    expect(files.get('src/kit/define.ts')).toEqual({
      path: 'src/kit/define.ts',
      contents: KIT['src/define.ts'],
      origin: 'kit',
      policy: 'managed',
    });
    expect(packagesOf(files).dependencies).toEqual({ zod: '4.0.0' });
  });

  it('over circles, effects, types and lazy imports, with packages and their types', async () => {
    const tool = "import { sqlite } from '../kit/store/sqlite.js';\n";
    const files = await plan({ templates: { 'base/files/src/tools/x.ts': tool } });
    expect(kitFiles(files)).toEqual([
      'src/kit/effects.ts',
      'src/kit/store/late.ts',
      'src/kit/store/shared.ts',
      'src/kit/store/sqlite.ts',
    ]);
    expect(textOf(files, 'src/kit/effects.ts')).toBe('\nexport {};\n');
    expect(packagesOf(files)).toEqual({
      dependencies: { '@acme/wire': '^4.0.0', driver: '1.2.3', zod: '4.0.0' },
      devDependencies: { '@types/acme__wire': '4.0.2', '@types/driver': '1.0.1' },
    });
  });

  it('what tests and rendered files reach', async () => {
    const templates = {
      'base/files/test/a.test.ts': "import type { Port } from '../src/kit/port.js';\n",
      'base/files/test/deep/b.test.ts':
        "const late = await import(\n  '../../src/kit/effects.js'\n);\nlate();\n",
      'base/files/test/c.test.ts': "import '../src/kit/index.js'",
      'store/disk/slots/app/imports.ts.hbs': "import { sqlite } from './kit/store/sqlite.js';\n",
    };
    expect(kitFiles(await plan({ templates }))).toContain('src/kit/effects.ts');
    expect(kitFiles(await plan({ templates }))).toContain('src/kit/index.ts');
    const withDisk = await plan({ templates }, { choices: { store: 'disk' } });
    expect(kitFiles(await plan({ templates }))).not.toContain('src/kit/store/sqlite.ts');
    expect(kitFiles(withDisk)).toContain('src/kit/store/sqlite.ts');
  });

  it('nothing for comments, other folders and other kinds of files', async () => {
    const files = await plan({
      templates: {
        'base/files/src/a.ts': "// import './kit/port.js';\nconst a = `import './kit/port.js'`;\n",
        'base/files/src/lib/b.ts': "import './kit/port.js';\nimport '../../kit/port.js';\n",
        'base/files/docs/c.ts': "import '../src/kit/port.js';\n",
        'base/files/src/d.md': "import './kit/port.js';\n",
      },
    });
    expect(kitFiles(files)).toEqual([]);
  });

  it('nothing in the place of a file that a feature plans', async () => {
    const files = await plan({
      templates: {
        'base/files/src/a.ts': "import './kit/mine.js';\nimport './kit/port.js';\n",
        'base/files/src/kit/mine.ts': "import './effects.js';\n",
        'base/files/src/kit/port.ts': 'export {};\n',
      },
    });
    expect(kitFiles(files)).toEqual(['src/kit/effects.ts', 'src/kit/mine.ts', 'src/kit/port.ts']);
    expect(files.get('src/kit/port.ts')).toMatchObject({ origin: 'base' });
  });

  it('no seeds, whatever a feature calls its own', async () => {
    const files = await plan({
      templates: {
        'base/feature.json': { label: 'base', facts: { greeting: 'hi' }, seeds: ['src/**'] },
        'base/files/src/a.ts': "import './kit/port.js';\n",
      },
    });
    expect(files.get('src/kit/port.ts')?.policy).toBe('managed');
    expect(files.get('src/a.ts')?.policy).toBe('seed');
  });
});

describe('refuses', () => {
  it('an import of what the kit has not, with the file that has it', async () => {
    const templates = { 'store/disk/files/src/a.ts': "import '../src/kit/prot.js';\n" };
    await expect(plan({ templates }, { choices: { store: 'disk' } })).rejects.toThrow(
      'store/disk, src/a.ts: imports ../src/kit/prot.js; the kit has no prot.ts.',
    );
  });

  it('two versions of a package', async () => {
    const templates = {
      'base/files/src/a.ts': "import './kit/store/sqlite.js';\n",
      'base/package.json': { dependencies: { driver: '1.0.0' } },
    };
    await expect(plan({ templates })).rejects.toThrow(
      'base and kit want different values for dependencies → driver: "1.0.0" and "1.2.3"',
    );
  });

  it.each<[string, Files, string]>([
    [
      'an import that leads out',
      { 'src/store/x.ts': "import '../../test/y.js';\n" },
      'kit/src/store/x.ts: imports ../../test/y.js, which is outside kit/src',
    ],
    [
      'an import of no file',
      { 'src/x.ts': "export type { Y } from './y.js';\n" },
      'kit/src/x.ts: imports ./y.js, which is no file of the kit',
    ],
    [
      'a package without a version',
      { 'src/x.ts': "import { test } from 'vitest/node';\n" },
      'kit/src/x.ts: imports vitest, which is not in "dependencies" of kit/package.json',
    ],
    [
      'one of tests without a version',
      { 'src/testing/x.ts': "import 'jest';\n" },
      'kit/src/testing/x.ts: imports jest, which is not in "dependencies" or "devDependencies" of',
    ],
    [
      'a package.json without versions',
      { 'package.json': { dependencies: { driver: 1 } } },
      'kit/package.json: has no versions that can be read',
    ],
    ['no package.json', { 'package.json': null }, 'kit/package.json: has no versions'],
  ])('%s', async (_, kit, message) => {
    await expect(load({ kit })).rejects.toThrow(message);
  });

  it('all of it at once, with the mistakes of the templates', async () => {
    const error: unknown = await load({
      kit: { 'src/x.ts': "import './y.js';\nimport 'nothing';\n" },
      templates: { 'store/disk/notes.txt': 'x' },
    }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      mistakes: [
        expect.stringContaining('store/disk/notes.txt'),
        expect.stringContaining('./y.js'),
        expect.stringContaining('nothing'),
      ],
    });
  });
});

it('is empty where there is none', async () => {
  const folder = await writeFolder(TOY);
  folders.push(folder);
  const { kit } = await loadCatalog(folder, join(folder, 'no-kit'));
  expect(kit).toEqual({ files: {}, dependencies: {}, devDependencies: {} });
});

it('keeps the names of its packages from projects', async () => {
  expect(dependencyNames(await load({}))).toContain('driver');
});
