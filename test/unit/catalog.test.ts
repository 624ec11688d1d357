import { rm } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { loadCatalog } from '../../src/catalog/load.js';
import type { Catalog } from '../../src/catalog/types.js';
import { renderBlueprint } from '../../src/plan/render.js';
import { type Files, TEMPLATES, writeFolder } from '../support/render.js';
import { TOY } from '../support/toy-templates.js';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function load(changes: Files = {}): Promise<Catalog> {
  const folder = await writeFolder({ ...TOY, ...changes });
  folders.push(folder);
  return loadCatalog(folder);
}

it('reads axes, features and blueprints, in order', async () => {
  const catalog = await load();
  expect(
    catalog.axes.map((axis) => `${axis.id}: ${axis.features.map(({ id }) => id).join(' ')}`),
  ).toEqual([
    'store: disk none',
    'reach: pipe web alone',
    'guard: closed open',
    'package-manager: bun npm',
  ]);
  expect(catalog.base).toMatchObject({ id: 'base', facts: { greeting: 'hello' } });
  expect(catalog.slots).toEqual(['app/imports', 'app/parts', 'disk/extra', 'readme/run']);
  const tool = Object.values(catalog.blueprints)[0]?.['tool.ts'];
  expect(tool && renderBlueprint(tool, 'a.ts', { name: 'x' })).toBe("export const name = 'x';\n");
});

it('accepts the real templates', async () => {
  const catalog = await loadCatalog(TEMPLATES);
  expect(catalog.axes.length).toBeGreaterThan(4);
});

describe('refuses', () => {
  it.each<[string, Files, string]>([
    [
      'an unknown key',
      { 'store/disk/feature.json': { label: 'x', lable: 'y' } },
      'store/disk/feature.json: file: Unrecognized key: "lable"',
    ],
    [
      'a missing label',
      { 'store/disk/feature.json': {} },
      'store/disk/feature.json: label: Invalid input',
    ],
    [
      'an unknown key of an axis',
      { 'store/axis.json': { order: 1, question: 'a', help: 'b', defaults: [], plural: true } },
      'store/axis.json: file: Unrecognized key: "plural"',
    ],
    ['JSON that is none', { 'store/disk/feature.json': '{' }, 'store/disk/feature.json: '],
    [
      'a fragment for a slot that no template opens',
      { 'store/disk/slots/app/prats.ts': 'x' },
      'store/disk/slots/app/prats.ts: no template opens {{> app/prats}}',
    ],
    [
      'a slot that no feature fills',
      { 'store/disk/slots/app/parts.ts.hbs': 'disk,\n{{> disk/extra}}\n{{> disk/more}}\n' },
      'store/disk/slots/app/parts.ts.hbs: no feature fills the slot {{> disk/more}}',
    ],
    [
      'two fragments of a feature for one slot',
      { 'store/disk/slots/app/parts.ts': 'x' },
      'a second fragment for app/parts',
    ],
    [
      'two files of a feature for one path',
      { 'base/files/.gitignore': '' },
      'a second file for .gitignore',
    ],
    [
      'two files of a feature for one path and one capability',
      { 'base/with-web/_gitignore': '', 'base/with-web/.gitignore': '' },
      'a second file for .gitignore',
    ],
    [
      'a folder for a capability that no feature provides',
      { 'base/with-wbe/a.txt': '' },
      'base/feature.json: no feature provides "wbe"',
    ],
    [
      'a slot inside a line',
      { 'base/files/a.txt.hbs': 'a {{> app/parts}}' },
      'base/files/a.txt.hbs: A slot stands alone on its line',
    ],
    [
      'an unknown helper',
      { 'base/files/a.txt.hbs': '{{upper name}}' },
      'base/files/a.txt.hbs: You specified knownHelpersOnly, but used the unknown helper upper',
    ],
    ['a helper that hides mistakes', { 'base/files/a.txt.hbs': '{{lookup facts "x"}}' }, 'lookup'],
    ['a broken template', { 'base/files/a.txt.hbs': '{{#if name}}' }, 'base/files/a.txt.hbs: '],
    [
      'a condition on no file',
      { 'store/none/feature.json': { label: 'x', when: { 'files/x': 'web' } } },
      'store/none/feature.json: when: files/x matches no file',
    ],
    [
      'two conditions on one file',
      {
        'store/none/feature.json': { label: 'x', when: { 'files/': 'web', 'files/a': 'web' } },
        'store/none/files/a': '',
      },
      'when: files/ and files/a both match files/a',
    ],
    [
      'a condition that nothing provides',
      {
        'store/none/feature.json': { label: 'x', when: { 'files/': 'wbe' } },
        'store/none/files/a': '',
      },
      'store/none/feature.json: no feature provides "wbe"',
    ],
    [
      'a question about a capability that nothing provides',
      { 'base/files/a.txt.hbs': '{{#if has.wbe}}x{{/if}}' },
      'base/files/a.txt.hbs: no feature provides "wbe"',
    ],
    [
      'a secret with a value',
      {
        'store/none/feature.json': {
          label: 'x',
          env: [{ name: 'KEY', description: 'A key.', secret: true, container: 'abc' }],
        },
      },
      'store/none/feature.json: env.0: a secret has no value in files',
    ],
    [
      'a rule that nothing provides',
      {
        'store/none/feature.json': {
          label: 'x',
          requires: [{ capability: 'sqll', because: 'a', instead: 'b' }],
        },
      },
      'store/none/feature.json: no feature provides "sqll"',
    ],
    [
      'a default that is no feature',
      {
        'guard/axis.json': { order: 1, question: 'a', help: 'b', defaults: [{ value: ['opne'] }] },
      },
      'guard/axis.json: the default "opne" is not a feature',
    ],
    [
      'an axis that may end without a default',
      {
        'guard/axis.json': {
          order: 1,
          question: 'a',
          help: 'b',
          defaults: [{ when: 'web', value: ['open'] }],
        },
      },
      'guard/axis.json: the last default must apply always',
    ],
    [
      'stray files',
      { 'store/disk/notes.txt': 'x' },
      'store/disk/notes.txt: a feature has feature.json, package.json, files/, with-<capability>/ and slots/',
    ],
    ['stray blueprints', { 'tool/notes.txt': 'x' }, 'tool/notes.txt: a folder without axis.json'],
  ])('%s', async (_, changes, message) => {
    await expect(load(changes)).rejects.toThrow(message);
  });

  it('with every mistake at once', async () => {
    const error: unknown = await load({
      'store/disk/slots/nowhere.ts': 'x',
      'store/none/feature.json': { label: 'x', when: { 'files/x': 'web' } },
      'store/disk/notes.txt': 'x',
    }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      mistakes: expect.arrayContaining([
        expect.stringContaining('store/disk/notes.txt'),
        expect.stringContaining('store/none/feature.json'),
      ]),
    });
  });
});
