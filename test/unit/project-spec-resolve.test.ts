import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCatalog } from '../../src/catalog/load.js';
import type { Catalog } from '../../src/catalog/types.js';
import { UsageError } from '../../src/errors.js';
import type { SpecInput } from '../../src/model.js';
import { previewChoices, resolveSpec, toExternalSpec } from '../../src/project-spec/index.js';
import { reproduceCommand } from '../../src/project-spec/reproduce.js';
import { version } from '../../src/version.js';
import { writeFolder } from '../support/render.js';
import { TOY } from '../support/toy-templates.js';

let folder = '';
let catalog: Catalog;
beforeAll(async () => {
  folder = await writeFolder(TOY);
  catalog = await loadCatalog(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const resolve = (choices: SpecInput['choices'] = {}, rest: SpecInput = {}) =>
  resolveSpec({ name: 'my-server', choices, ...rest }, catalog);

/** The problems as `message | hint`. */
function problems(choices: SpecInput['choices'], rest: SpecInput = {}): string[] {
  try {
    resolve(choices, rest);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.problems.map(({ message, hint }) => `${message} | ${hint ?? ''}`);
  }
  return [];
}

describe('defaults', () => {
  it('fills in everything', () => {
    expect(resolve()).toEqual({
      name: 'my-server',
      description: 'The my-server MCP server.',
      packageManager: 'npm',
      choices: {
        store: ['none'],
        reach: ['pipe'],
        guard: ['open'],
        'package-manager': ['npm'],
      },
    });
  });

  it('looks at explicit answers of later axes first', () => {
    expect(resolve({ reach: ['web'] }).choices).toMatchObject({ store: ['disk'], reach: ['web'] });
  });

  it('can be previewed from answers that are not complete or valid', () => {
    expect(previewChoices({ choices: { reach: 'web', guard: 'nonsense' } }, catalog)).toEqual({
      store: ['disk'],
      reach: ['web'],
      guard: ['open'],
      'package-manager': ['npm'],
    });
  });
});

it('takes lists and comma lists, in any order', () => {
  const expected = { reach: ['pipe', 'web'] };
  expect(resolve({ reach: 'web, pipe' }).choices).toMatchObject(expected);
  expect(resolve({ reach: ['web', 'pipe'] }).choices).toMatchObject(expected);
});

it('takes the package manager under both of its names', () => {
  expect(resolve({}, { packageManager: 'bun' }).packageManager).toBe('bun');
  expect(resolve({ 'package-manager': 'bun' }).packageManager).toBe('bun');
  expect(problems({ 'package-manager': 'bun' }, { packageManager: 'npm' })).toEqual([
    'Two package managers are given: npm and bun. | Give one.',
  ]);
});

it('is frozen to the bottom', () => {
  const spec = resolve();
  expect(Object.isFrozen(spec)).toBe(true);
  expect(Object.isFrozen(spec.choices)).toBe(true);
  expect(Object.values(spec.choices).every(Object.isFrozen)).toBe(true);
});

describe('refuses', () => {
  it.each<[string, SpecInput['choices'], string]>([
    [
      'an unknown feature',
      { store: 'dsik' },
      '--store has no option "dsik". | Did you mean disk? Allowed: disk, none.',
    ],
    [
      'one that is like nothing',
      { store: 'postgresql' },
      '--store has no option "postgresql". | Allowed: disk, none.',
    ],
    [
      'an unknown axis',
      { stor: 'disk' },
      'Unknown choice "stor". | Did you mean store? Allowed: store, reach, guard, package-manager.',
    ],
    ['an empty value', { store: '' }, '--store has an empty value. | Allowed: disk, none.'],
    ['an empty list', { reach: [] }, '--reach has no value. | Allowed: pipe, web, alone.'],
    ['a value twice', { reach: 'pipe,pipe' }, '--reach lists pipe twice. | Give pipe once.'],
    [
      'two values on a single axis',
      { store: 'disk,none' },
      '--store takes one value, not disk and none. | Allowed: disk, none.',
    ],
    [
      'an exclusive value with others',
      { reach: 'alone,pipe' },
      '--reach alone cannot be combined with pipe. | Use --reach pipe, or --reach alone alone.',
    ],
    [
      'a missing requirement',
      { reach: 'web', store: 'none' },
      '--reach web: The web needs a store. | Use --store disk.',
    ],
    [
      'a conflict',
      { guard: 'closed' },
      '--guard closed: A pipe cannot be closed. | Use --guard open.',
    ],
    [
      'names of the prototype',
      { store: 'constructor' },
      '--store has no option "constructor". | Allowed: disk, none.',
    ],
  ])('%s', (_, choices, expected) => {
    expect(problems(choices)).toEqual([expected]);
  });

  it('a missing name', () => {
    expect(problems({}, { name: undefined })).toEqual([
      'The project has no name. | Give a directory or --name.',
    ]);
  });

  it.each([
    ['', 'The description is empty.'],
    ['   \n', 'The description is empty.'],
    ['x'.repeat(501), 'The description has 501 characters; at most 500 are allowed.'],
    ['a\u0000b', 'The description contains a control character (U+0000).'],
    ['a\u001b[31mb', 'The description contains a control character (U+001B).'],
    ['a\rb', 'The description contains a control character (U+000D).'],
    ['a\ud83d', 'The description is not valid Unicode (half of a surrogate pair).'],
  ])('the description %j', (description, message) => {
    expect(problems({}, { description }).join()).toContain(message);
  });

  it('but not tabs, line breaks, emoji or 500 characters', () => {
    for (const description of ['a\tb\nc', `👩‍👩‍👧 {{x}} \${y}`, 'x'.repeat(500)]) {
      expect(resolve({}, { description }).description).toBe(description);
    }
  });

  it('everything at once', () => {
    const found = problems(
      { store: 'x', reach: 'alone,web', guard: 'open,closed', other: 'y' },
      { name: 'My Server', description: '' },
    );
    expect(found.map((text) => text.split(' | ')[0])).toEqual([
      expect.stringContaining('"My Server" cannot be a project name'),
      'The description is empty.',
      '--store has no option "x".',
      '--reach alone cannot be combined with web.',
      '--guard takes one value, not open and closed.',
      'Unknown choice "other".',
    ]);
  });
});

describe('as people see it', () => {
  it('writes single choices as text and multiple ones as lists', () => {
    expect(toExternalSpec(resolve({ reach: 'web,pipe' }), catalog)).toEqual({
      name: 'my-server',
      description: 'The my-server MCP server.',
      packageManager: 'npm',
      choices: { store: 'disk', reach: ['pipe', 'web'], guard: 'open' },
    });
  });

  it('resolves to itself again', () => {
    const spec = resolve({ reach: 'web,pipe' }, { description: `it's "x"`, packageManager: 'bun' });
    expect(resolveSpec(toExternalSpec(spec, catalog), catalog)).toEqual(spec);
  });

  it('gives the command that makes it again', () => {
    expect(reproduceCommand(resolve({ reach: 'web,pipe' }), catalog, 'a/my-server')).toBe(
      `npx create-mcp-server@${version} a/my-server --store disk --reach pipe,web --guard open --package-manager npm --yes`,
    );
    const told = resolve({}, { description: `it's $HOME` });
    expect(reproduceCommand(told, catalog, 'my shop')).toContain(
      ` 'my shop' --name my-server --description 'it'\\''s $HOME' `,
    );
  });
});
