import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { loadCatalog } from '../../src/catalog/load.js';
import type { Manifest, Plan, SpecInput } from '../../src/model.js';
import { createPlan } from '../../src/plan/index.js';
import { resolveSpec } from '../../src/project-spec/index.js';
import { type Files, textOf, writeFolder } from '../support/render.js';
import { TOY } from '../support/toy-templates.js';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** The plan of a project made from the toy templates, with some files changed or (null) removed. */
async function plan(input: SpecInput = {}, changes: Files = {}): Promise<Plan> {
  const files = Object.entries({ ...TOY, ...changes }).filter(([, content]) => content !== null);
  const folder = await writeFolder(Object.fromEntries(files));
  folders.push(folder);
  const catalog = await loadCatalog(folder);
  return createPlan(catalog, resolveSpec({ name: 'my-server', ...input }, catalog), '1.2.3');
}

const WEB: SpecInput = { choices: { reach: 'pipe,web' } };

describe('files', () => {
  it('are those of the chosen features, sorted, dotfiles under their real name', async () => {
    expect([...(await plan()).keys()]).toEqual([
      '.github/workflows/ci.yml',
      '.gitignore',
      '.mcp-gen.json',
      'README.md',
      'env.txt',
      'package.json',
      'src/app.ts',
      'src/tools/index.ts',
    ]);
    expect([...(await plan(WEB)).keys()]).toContain('src/disk.ts');
  });

  it('are those for what the chosen features provide together', async () => {
    const one = { 'base/with-web/place.txt': 'web\n' };
    expect([...(await plan({}, one)).keys()]).not.toContain('place.txt');
    expect(textOf(await plan(WEB, one), 'place.txt')).toBe('web\n');
  });

  it('are never two for one path', async () => {
    const both = { 'base/with-web/place.txt': 'web\n', 'base/with-store/place.txt': 'store\n' };
    await expect(plan(WEB, both)).rejects.toThrow('set the file place.txt');
  });

  it('are copied byte for byte when they are no templates', async () => {
    const raw = `{{name}}\r\n\n\n\n  \${{ x }}  `;
    const files = await plan({}, { 'base/files/raw.txt': raw });
    expect(textOf(files, 'raw.txt')).toBe(raw);
    expect(textOf(files, '.github/workflows/ci.yml')).toBe(`run: \${{ github.ref }}\n`);
  });

  it('appear on their condition only', async () => {
    expect([...(await plan({ choices: { store: 'disk' } })).keys()]).not.toContain(
      'src/web-disk.ts',
    );
    expect([...(await plan(WEB)).keys()]).toContain('src/web-disk.ts');
  });

  it('are left out when they render to nothing', async () => {
    const empty = { 'base/files/src/empty.ts.hbs': '\n  {{> app/imports}}\n\n' };
    expect((await plan({}, empty)).has('src/empty.ts')).toBe(false);
    expect((await plan(WEB, empty)).has('src/empty.ts')).toBe(true);
  });

  it('know where they come from and whose they are', async () => {
    const files = await plan(WEB);
    expect(files.get('src/disk.ts')).toMatchObject({ origin: 'store/disk', policy: 'managed' });
    expect(files.get('README.md')).toMatchObject({ origin: 'base', policy: 'seed' });
    expect(files.get('src/tools/index.ts')).toMatchObject({ policy: 'seed' });
    expect(files.get('package.json')).toMatchObject({ origin: 'base', policy: 'managed' });
  });

  it('cannot be planned twice', async () => {
    const twice = { 'store/none/files/.gitignore': '' };
    await expect(plan({}, twice)).rejects.toThrow(
      'Both base and store/none set the file .gitignore.',
    );
    const manifest = { 'base/files/.mcp-gen.json': '{}' };
    await expect(plan({}, manifest)).rejects.toThrow('set the file .mcp-gen.json');
  });
});

describe('slots', () => {
  it('are filled in axis order, indented, without gaps; empty ones leave no line', async () => {
    expect(textOf(await plan(), 'src/app.ts')).toBe(
      "import { z } from './z.js';\n\nexport const app = {\n  about: 'The my-server MCP server.',\n};\n",
    );
    expect(textOf(await plan(WEB), 'src/app.ts')).toBe(
      [
        "import { disk } from './disk.js';",
        "import { z } from './z.js';",
        '',
        'export const app = {',
        "  about: 'The my-server MCP server.',",
        '',
        '  disk,',
        '  cache,',
        '  web,',
        '};',
        '',
      ].join('\n'),
    );
  });

  it('can be opened inside a fragment, of several features', async () => {
    const more = { 'reach/pipe/slots/disk/extra.ts': 'index,\n' };
    expect(textOf(await plan(WEB, more), 'src/app.ts')).toContain(
      '  disk,\n  index,\n  cache,\n  web,\n',
    );
  });

  it('take their condition into account, and verbatim fragments', async () => {
    expect(textOf(await plan(WEB), 'README.md')).toContain('\n\n## Disk\n');
    const onlyDisk = await plan({ choices: { store: 'disk' } });
    expect(textOf(onlyDisk, 'README.md')).not.toContain('## Disk');
    const text = `{{name}} \${x}`;
    const verbatim = { 'reach/pipe/slots/readme/run.md': `${text}\n` };
    expect(textOf(await plan({}, verbatim), 'README.md')).toContain(text);
  });
});

describe('what templates see', () => {
  it('is facts, variables and the version', async () => {
    expect(textOf(await plan(), 'env.txt')).toBe('LOG_LEVEL=info\n# 1.2.3 hello\n');
    expect(textOf(await plan(WEB), 'env.txt')).toBe('LOG_LEVEL=info\nDISK=\n# 1.2.3 hello\n');
    expect(textOf(await plan(WEB), 'src/disk.ts')).toBe("export const place = 'disk';\n");
  });

  it('is which capabilities the project has, of all that there are', async () => {
    const text =
      '{{#if has.web}}web{{else}}no web{{/if}}, {{#unless has.pipe}}no {{/unless}}pipe\n';
    const file = { 'base/files/has.txt.hbs': text };
    expect(textOf(await plan({}, file), 'has.txt')).toBe('no web, pipe\n');
    expect(textOf(await plan(WEB, file), 'has.txt')).toBe('web, pipe\n');
  });

  it('is what features say of themselves, with the name of the project', async () => {
    const disk = {
      label: 'Disk',
      provides: ['store'],
      parts: [
        { key: 'disk', use: "disk({ at: '{name}' })", from: './disk.js' },
        { key: 'cache', use: 'cache()', from: './cache.js', when: 'web' },
      ],
      service: {
        id: 'disk',
        image: 'disk:1',
        port: 80,
        hostPort: '80',
        environment: { NAME: '{name}' },
        health: ['disk'],
        volume: '/d',
      },
      egress: [{ to: 'Disk', port: 80 }],
      volume: '/{name}',
      runbook: { notReady: 'Is {name} full?' },
      layout: { 'src/disk.ts': 'the disk' },
    };
    const text = [
      '{{#each parts}}{{name}} {{key}} {{use}} {{from}};{{/each}}',
      '{{#each services}}{{id}} {{#each environment}}{{name}}={{value}}{{/each}}{{#if command}}!{{/if}};{{/each}}',
      '{{volume}} {{#each volumes}}{{this}} {{/each}}{{#each egress}}{{to}}:{{port}}{{/each}}',
      '{{#each runbook.notReady}}{{this}}{{/each}}{{#each runbook.slowCauses}}!{{/each}}',
      '{{#each layout}}{{this}}{{/each}}',
      '{{times 6 7}}',
    ];
    const changes = {
      'base/files/all.txt.hbs': text.join('\n'),
      'store/disk/feature.json': disk,
      'store/disk/files/src/web-disk.ts': null,
      'store/disk/files/src/disk.ts.hbs': null,
    };
    expect(textOf(await plan({ choices: { store: 'disk' } }, changes), 'all.txt')).toBe(
      [
        "disk disk disk({ at: 'my-server' }) ./disk.js;",
        'disk NAME=my-server;',
        '/my-server data disk Disk:80',
        'Is my-server full?',
        'src/disk.ts        the disk',
        '42',
        '',
      ].join('\n'),
    );
    const two = {
      ...changes,
      'reach/pipe/feature.json': { label: 'Pipe', provides: ['pipe'], volume: '/pipe' },
    };
    await expect(plan({ choices: { store: 'disk' } }, two)).rejects.toThrow(
      'Both store/disk and reach/pipe set "volume".',
    );
  });

  it.each([
    ['{{description}}', 'User text must go through an encoder'],
    ['{{typo}}', '"typo" not defined'],
    ['{{facts.typo}}', '"typo" not defined'],
    ['{{ts facts.typo}}', '{{ts …}} was given undefined'],
    ['{{json facts.typo}}', '{{json …}} was given undefined'],
    ['{{#if facts.typo}}x{{/if}}', '{{#if …}} was given undefined'],
    ['{{#unless typo}}x{{/unless}}', '{{#unless …}} was given undefined'],
    ['{{#each typo}}x{{/each}}', '{{#each …}} was given undefined'],
    ['{{yaml facts}}', '{{yaml …}} was given a object'],
    ['{{ts name name}}', '{{ts …}} takes 1 argument(s), not 2'],
    ["{{tsProperty 'x' 'key' name}}", 'the indent is a number'],
    ['{{times 2 name}}', '{{times …}} takes numbers'],
  ])('throws on %s', async (template, message) => {
    const changes = { 'base/files/src/bad.ts.hbs': template };
    const error = await plan({}, changes).catch((reason: Error) => reason.message);
    expect(error).toContain('base, src/bad.ts: ');
    expect(error).toContain(message);
  });

  it('cannot be set by two features', async () => {
    const facts = { 'store/none/feature.json': { label: 'none', facts: { greeting: 'x' } } };
    await expect(plan({}, facts)).rejects.toThrow(
      'Both base and store/none set the fact "greeting".',
    );
    const env = [{ name: 'LOG_LEVEL', description: 'x' }];
    const variable = { 'store/none/feature.json': { label: 'none', env } };
    await expect(plan({}, variable)).rejects.toThrow(
      'Both base and store/none set the variable LOG_LEVEL.',
    );
  });

  it('never makes a template of user text', async () => {
    const description = `{{name}} {{> app/parts}} \${x} $& \`y\` "z" 'q'\n\n\n\nimport 😀`;
    const files = await plan({ description });
    expect(JSON.parse(textOf(files, 'package.json')).description).toBe(description);
    expect(JSON.parse(textOf(files, '.mcp-gen.json')).spec.description).toBe(description);
    const literal = /about:\s*(.*),\n/.exec(textOf(files, 'src/app.ts'))?.[1] ?? '';
    expect(new Function(`return ${literal}`)()).toBe(description);
    expect(textOf(files, 'README.md')).toContain(
      `{{name}} {{\\> app/parts}} \${x} $& \\\`y\\\` "z" 'q'<br><br><br><br>import 😀`,
    );
  });
});

describe('package.json', () => {
  it('merges fragments, in a fixed order, as npm writes it', async () => {
    const input = { choices: { store: 'disk' }, packageManager: 'bun' };
    expect(textOf(await plan(input), 'package.json')).toBe(
      `${JSON.stringify(
        {
          name: 'my-server',
          private: true,
          description: 'The my-server MCP server.',
          type: 'module',
          packageManager: 'bun@1.0.0',
          scripts: { build: 'tsc', check: 'true' },
          dependencies: { disk: '1.0.0', zod: '4.0.0' },
        },
        null,
        2,
      )}\n`,
    );
  });

  it.each<[string, object, string]>([
    [
      'scripts',
      { scripts: { build: 'esbuild' } },
      'base and store/none want different values for scripts → build: "tsc" and "esbuild"',
    ],
    ['versions', { dependencies: { zod: '3.0.0' } }, 'values for dependencies → zod'],
    ['shapes', { scripts: 'none' }, 'values for scripts'],
    ['names', { name: 'other' }, 'the project and store/none want different values for name'],
  ])('refuses %s that differ', async (_, fragment, message) => {
    await expect(plan({}, { 'store/none/package.json': fragment })).rejects.toThrow(message);
  });

  it('puts scripts in the order people look for them, and joins lists', async () => {
    const files = await plan(
      {},
      {
        'base/package.json': { scripts: { check: 'a', test: 'b', zed: 'c' }, files: ['dist'] },
        'store/none/package.json': { scripts: { start: 'd', dev: 'e' }, files: ['dist', 'src'] },
      },
    );
    const json = JSON.parse(textOf(files, 'package.json'));
    expect(Object.keys(json.scripts)).toEqual(['dev', 'start', 'test', 'check', 'zed']);
    expect(json.files).toEqual(['dist', 'src']);
  });
});

describe('the manifest', () => {
  it('has version, spec and the hash of every other file', async () => {
    const files = await plan(WEB);
    const manifest: Manifest = JSON.parse(textOf(files, '.mcp-gen.json'));
    expect(manifest.generator).toBe('1.2.3');
    expect(manifest.spec).toEqual({
      name: 'my-server',
      description: 'The my-server MCP server.',
      packageManager: 'npm',
      choices: { store: 'disk', reach: ['pipe', 'web'], guard: 'open' },
    });
    const hashes = [...files.values()]
      .filter(({ path }) => path !== '.mcp-gen.json')
      .map(({ path, contents }) => [path, createHash('sha256').update(contents).digest('hex')]);
    expect(manifest.files).toEqual(Object.fromEntries(hashes));
    expect(textOf(files, '.mcp-gen.json')).toContain('"reach": ["pipe", "web"],\n');
  });
});

it('gives the same bytes for the same spec and version', async () => {
  const all = async () => [...(await plan(WEB)).values()].map(({ contents }) => String(contents));
  expect(await all()).toEqual(await all());
});
