/** How many specs the render tests look at: a new choice must not multiply them. */
import { beforeAll, expect, it } from 'vitest';
import type { Catalog } from '../../src/catalog/types.js';
import { UsageError } from '../../src/errors.js';
import type { ProjectSpec } from '../../src/model.js';
import { realCatalog } from '../support/projects.js';
import { additionsOf, everyAnswer, everySpec, isOfAdditions } from '../support/render.js';

let catalog: Catalog;
beforeAll(async () => {
  catalog = await realCatalog();
});

/** The specs without what was added, each once. */
function distinctRests(some: Catalog): Set<string> {
  const additive = some.axes.filter(isOfAdditions).map(({ id }) => id);
  const ignored = new Set([...additive, 'package-manager']);
  return new Set(
    everySpec(some).map(({ choices }) =>
      JSON.stringify(Object.entries(choices).filter(([axis]) => !ignored.has(axis))),
    ),
  );
}

it('is none, one in its turn and all of the additions for each set of other answers', () => {
  const additive = catalog.axes.filter(isOfAdditions);
  expect(additive.map(({ id }) => id)).toEqual(['deploy', 'observability']);
  const rests = distinctRests(catalog);
  const specs = everySpec(catalog);
  expect(specs.length).toBeLessThanOrEqual(rests.size * 3);
  // The budget: more is minutes of CI.
  expect(specs.length).toBeLessThanOrEqual(1100);
  const sizes = new Set(
    specs.flatMap(({ choices }) =>
      choices['deploy']?.[0] === 'none' ? 0 : choices['deploy']?.length,
    ),
  );
  expect([...sizes].sort()).toEqual([0, 1, 3]);
});

it('has each addition alone beside each answer on the other axes', () => {
  const specs = everySpec(catalog);
  const additive = catalog.axes.filter(isOfAdditions);
  const alone = (axis: string, id: string) =>
    specs.filter(({ choices }) =>
      additive.every((other) => {
        const chosen = choices[other.id]?.filter((one) => additionsOf(other).includes(one)) ?? [];
        return other.id === axis ? chosen.join() === id : chosen.length === 0;
      }),
    );
  const beside = (some: readonly ProjectSpec[]) =>
    new Set(
      some.flatMap(({ choices }) =>
        ['starter', 'transport', 'auth', 'datastore', 'state'].map((id) => `${id} ${choices[id]}`),
      ),
    );
  // They need HTTP, and a public target needs callers with credentials.
  const illegal = ['transport stdio', 'auth none'];
  for (const [axis, id] of [
    ['observability', 'prometheus'],
    ['observability', 'opentelemetry'],
    ['deploy', 'docker'],
    ['deploy', 'k8s'],
  ] as const) {
    const there = beside(alone(axis, id));
    const missing = [...beside(specs)].filter((answer) => !there.has(answer));
    expect(
      missing.filter((answer) => !illegal.includes(answer)),
      id,
    ).toEqual([]);
  }
});

it('has no more specs when there is one more addition', () => {
  const more: Catalog = {
    ...catalog,
    axes: catalog.axes.map((axis) => {
      const [first] = axis.features;
      if (axis.id !== 'deploy' || first === undefined) return axis;
      return { ...axis, features: [...axis.features, { ...first, id: 'somewhere-else' }] };
    }),
  };
  const [before, after] = [everySpec(catalog).length, everySpec(more).length];
  expect(after).toBeLessThanOrEqual(before * 1.1);
});

it('has answers that do not go together, too', () => {
  const together = everyAnswer(catalog).filter(
    ({ choices, result }) =>
      choices['deploy']?.includes('none') === true &&
      choices['deploy'].length > 1 &&
      result instanceof UsageError,
  );
  expect(together.length).toBeGreaterThan(100);
});
