import { beforeAll, expect, it } from 'vitest';
import type { Catalog } from '../../src/catalog/types.js';
import type { ProjectSpec } from '../../src/model.js';
import { pairsOf, pairwiseSpecs } from '../support/pairwise.js';
import { realCatalog } from '../support/projects.js';
import { everySpec } from '../support/render.js';

let catalog: Catalog;
let specs: ProjectSpec[] = [];

beforeAll(async () => {
  catalog = await realCatalog();
  specs = pairwiseSpecs(catalog);
});

const pairs = (some: readonly ProjectSpec[]) =>
  [...new Set(some.flatMap((spec) => pairsOf(catalog, spec)))].sort();

it('covers every pair of choices that is legal', () => {
  expect(pairs(specs)).toEqual(pairs(everySpec(catalog)));
});

it('needs each of its projects', () => {
  for (const spec of specs) {
    const others = pairs(specs.filter((other) => other !== spec));
    expect(others).not.toEqual(pairs(specs));
  }
});

it('is small, and the same each time', () => {
  expect(specs.length).toBeLessThanOrEqual(64);
  expect(pairwiseSpecs(catalog)).toEqual(specs);
});
