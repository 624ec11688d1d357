/** Starters that will also run where there is no Node.js: their own files take nothing from it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { moduleSpecifiers } from '../../src/text/module-specifiers.js';
import { TEMPLATES } from '../support/render.js';

/** The files of a starter, without programs of the shell. */
function sourcesOf(starter: string): { readonly path: string; readonly text: string }[] {
  const folder = join(TEMPLATES, 'starter', starter, 'files', 'src');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && path !== 'seed.ts')
    .map((path) => ({ path, text: readFileSync(join(folder, path), 'utf8') }));
}

function needsNode(text: string): string[] {
  const modules = moduleSpecifiers(text).filter((name) => name.startsWith('node:'));
  return [...modules, ...(text.match(/\b(?:Buffer|process|require|setImmediate)\b/g) ?? [])];
}

it('the files of analytics need nothing of Node.js', () => {
  const sources = sourcesOf('analytics');
  expect(sources.length).toBeGreaterThan(10);
  expect(sources.filter(({ text }) => needsNode(text).length > 0).map(({ path }) => path)).toEqual(
    [],
  );
  // The statements, without the drivers that the room of stores also has.
  const values = sources.flatMap(({ text }) => text.match(/^import \{.*store\/sql\.js.*$/gm) ?? []);
  expect(values).toEqual([]);
});

it('others do, and it is noticed', () => {
  expect(sourcesOf('records').some(({ text }) => needsNode(text).length > 0)).toBe(true);
});
