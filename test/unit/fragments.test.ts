/**
 * What a feature says is data that templates loop over. Fragments and slots are for text that really merges; these ceilings
 * keep them from growing back. A lower number is welcome: lower the ceiling with it.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { TEMPLATES } from '../support/render.js';

let files: { readonly path: string; readonly text: string }[] = [];
beforeAll(async () => {
  const entries = await readdir(TEMPLATES, { recursive: true, withFileTypes: true });
  files = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        return { path, text: await readFile(path, 'utf8') };
      }),
  );
  expect(files.length).toBeGreaterThan(100);
});

/** All matches of a pattern in the files that `where` takes. */
const matches = (where: (path: string) => boolean, pattern: RegExp): string[] =>
  files.filter(({ path }) => where(path)).flatMap(({ text }) => text.match(pattern) ?? []);

const isTemplate = (path: string) => path.endsWith('.hbs');

it('there are at most 51 fragments', () => {
  const fragments = files.filter(({ path }) => /[/\\]slots[/\\]/.test(path));
  expect(fragments.length).toBeLessThanOrEqual(51);
});

it('there are at most 15 slots', () => {
  const slots = new Set(matches(isTemplate, /\{\{> [a-z0-9/-]+\}\}/g));
  expect(slots.size).toBeLessThanOrEqual(15);
});

it('there are at most 31 conditions in feature.json', () => {
  const features = files.filter(({ path }) => path.endsWith('feature.json'));
  const count = (value: unknown): number => {
    if (typeof value !== 'object' || value === null) return 0;
    return Object.entries(value).reduce((sum, [key, inner]) => {
      if (key !== 'when') return sum + count(inner);
      return sum + (typeof inner === 'string' ? 1 : Object.keys(inner).length);
    }, 0);
  };
  const conditions = features.reduce((sum, { text }) => sum + count(JSON.parse(text)), 0);
  expect(conditions).toBeLessThanOrEqual(31);
});

it('templates ask for a capability at most 125 times', () => {
  const questions = matches(isTemplate, /\{\{#(?:if|unless) has\./g);
  expect(questions.length).toBeLessThanOrEqual(125);
});

it('a capability is all that they ask about what was chosen', () => {
  const asked = matches(isTemplate, /\{\{#(?:if|unless) (?:spec|choices|features?)\b/g);
  expect(asked).toEqual([]);
});
