/**
 * Tier 1: what users get, held against the files in `test/golden/`. After a wanted change: `npm run golden`, and read
 * the diff. Presets are trees, the default one with the text of all rendered files; each other feature is a patch of it.
 * A file that is copied is one line in both: its path, lines, hash and origin. The kit's are named by room.
 */
import { readdir } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Catalog } from '../../src/catalog/types.js';
import {
  type Delta,
  deltas,
  inFull,
  presets,
  projectDelta,
  projectListing,
} from '../support/golden.js';
import { realCatalog } from '../support/projects.js';

const GOLDEN = resolve('test/golden');

let catalog: Catalog;
let features: Delta[] = [];

beforeAll(async () => {
  catalog = await realCatalog();
  features = await deltas(catalog);
});

describe('golden files', () => {
  it.each(Object.entries(presets))('the project “%s”', async (name, choices) => {
    const listing = await projectListing(choices, inFull.includes(name));
    await expect(listing).toMatchFileSnapshot(`${GOLDEN}/presets/${name}.txt`);
  });

  it('each feature, as a change of the default project', async () => {
    expect(features.length).toBeGreaterThan(10);
    for (const { name, choices } of features) {
      const delta = await projectDelta(choices);
      await expect.soft(delta).toMatchFileSnapshot(`${GOLDEN}/features/${name}.patch`);
    }
  });

  it('belong to a preset or a feature', async () => {
    const known = [
      ...Object.keys(presets).map((name) => `presets/${name}.txt`),
      ...features.map(({ name }) => `features/${name}.patch`),
    ];
    const entries = await readdir(GOLDEN, { recursive: true, withFileTypes: true });
    const present = entries
      .filter((entry) => entry.isFile())
      .map((entry) => `${basename(entry.parentPath)}/${entry.name}`);
    expect(present.filter((file) => !known.includes(file))).toEqual([]);
  });
});
