/** A small set of projects in which every two choices that go together stand beside each other at least once. */
import type { Catalog } from '../../src/catalog/types.js';
import type { ProjectSpec } from '../../src/model.js';
import { everySpec } from './render.js';

/** Whether two choices are to stand beside each other, each as `axis=choice`. */
export type Interact = (choice: string, other: string) => boolean;

/**
 * Greedy pairwise cover over the legal specs: as long as a pair is not covered, takes the spec that covers most of
 * what is left, and in the end drops what others cover as well. The same catalog gives the same set. Of axes that do not
 * interact each choice is covered by itself.
 */
export function pairwiseSpecs(catalog: Catalog, interact: Interact = () => true): ProjectSpec[] {
  const candidates = everySpec(catalog).map((spec) => ({
    spec,
    pairs: pairsOf(catalog, spec, interact),
  }));
  const left = new Set(candidates.flatMap(({ pairs }) => pairs));
  const taken: typeof candidates = [];
  while (left.size > 0) {
    const gain = ({ pairs }: Candidate) => pairs.filter((pair) => left.has(pair)).length;
    const best = candidates.reduce((a, b) => (gain(b) > gain(a) ? b : a));
    for (const pair of best.pairs) left.delete(pair);
    taken.push(best);
  }
  return withoutRedundant(taken).map(({ spec }) => spec);
}

interface Candidate {
  readonly spec: ProjectSpec;
  readonly pairs: readonly string[];
}

/** Every choice, and every pair of choices from two axes that interact, for example `auth=jwt & datastore=sqlite`. */
export function pairsOf(
  catalog: Catalog,
  spec: ProjectSpec,
  interact: Interact = () => true,
): string[] {
  const axes = catalog.axes.map(({ id }) => ({ id, levels: levelsOf(catalog, spec, id) }));
  return axes.flatMap(({ levels }, index) => [
    ...levels,
    ...axes
      .slice(index + 1)
      .flatMap((other) => levels.flatMap((a) => other.levels.map((b) => [a, b] as const)))
      .filter(([a, b]) => interact(a, b))
      .map(([a, b]) => `${a} & ${b}`),
  ]);
}

/**
 * What a spec has on one axis. Where several may be chosen or none at all, they are additions that do not know each
 * other, and each counts by itself; where at least one is needed, each set of them is a case of its own.
 */
function levelsOf(catalog: Catalog, spec: ProjectSpec, id: string): string[] {
  const axis = catalog.axes.find((candidate) => candidate.id === id);
  const chosen = spec.choices[id] ?? [];
  const areAdditions = axis?.multiple && axis.features.some(({ exclusive }) => exclusive);
  return (areAdditions ? chosen : [chosen.join('+')]).map((choice) => `${id}=${choice}`);
}

function withoutRedundant(taken: readonly Candidate[]): Candidate[] {
  return taken.reduce<Candidate[]>(
    (kept, candidate) => {
      const others = new Set(kept.filter((one) => one !== candidate).flatMap(({ pairs }) => pairs));
      return candidate.pairs.every((pair) => others.has(pair))
        ? kept.filter((one) => one !== candidate)
        : kept;
    },
    [...taken],
  );
}
