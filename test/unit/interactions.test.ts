/** The pairs of axes that are looked at together, held against what the templates say. */
import { beforeAll, expect, it } from 'vitest';
import { readCatalog } from '../../src/catalog/read.js';
import type { CatalogSource } from '../../src/catalog/source.js';
import { openedSlots } from '../../src/catalog/template.js';
import { INTERACTIONS } from '../support/interactions.js';
import { KIT, TEMPLATES } from '../support/render.js';

let source: CatalogSource;
beforeAll(async () => {
  source = await readCatalog(TEMPLATES, KIT);
});

const isCode = (file: string) => /\.ts(?:\.hbs)?$/.test(file);

/** Why the code of two axes meets, by `axis & axis`: conditions on the other's capabilities, and slots in its files. */
function meetings(): Map<string, string[]> {
  const features = source.axes.flatMap((axis) => axis.features);
  const found = new Map<string, string[]>();
  const note = (axis: string, other: string, why: string) => {
    const key = [axis, other].sort().join(' & ');
    if (axis !== other) found.set(key, [...(found.get(key) ?? []), why]);
  };
  for (const { axis, files, slots } of features) {
    for (const { file, when = '' } of [...files, ...slots].filter(({ file }) => isCode(file))) {
      const terms = when.split('&').map((term) => term.replace('!', ''));
      for (const other of features) {
        if (other.provides.some((one) => terms.includes(one))) note(axis, other.axis, file);
      }
    }
    for (const { slot, file } of slots.filter(({ file }) => isCode(file))) {
      for (const other of features) {
        const opens = [...other.files, ...other.slots].some(
          ({ template }) => template !== null && openedSlots(template.text).includes(slot),
        );
        if (opens) note(axis, other.axis, file);
      }
    }
  }
  return found;
}

it('every two axes whose code meets in the templates are declared', () => {
  const declared = INTERACTIONS.map((pair) => [...pair].sort().join(' & '));
  const found = meetings();
  expect(found.size).toBeGreaterThan(0);
  expect([...found].filter(([pair]) => !declared.includes(pair))).toEqual([]);
});

it('they are axes', () => {
  const ids = source.axes.map(({ id }) => id);
  expect(INTERACTIONS.flat().filter((id) => !ids.includes(id))).toEqual([]);
});
