/** The features of a spec, and which of them set what. */
import type { Catalog, Feature } from '../catalog/types.js';
import type { ProjectSpec } from '../model.js';

/** The features of a project in the order they contribute: base, then axis by axis. */
export function chosenFeatures(catalog: Catalog, spec: ProjectSpec): readonly Feature[] {
  const chosen = catalog.axes.flatMap((axis) =>
    axis.features.filter((feature) => spec.choices[axis.id]?.includes(feature.id)),
  );
  return [catalog.base, ...chosen];
}

/** `base`, or `axis/feature`. */
export function originOf(feature: Feature): string {
  return feature.axis === feature.id ? feature.id : `${feature.axis}/${feature.id}`;
}

/** Records which feature set `key`; throws when another one did before. */
export function claim(owners: Map<string, string>, key: string, owner: string, what: string): void {
  const first = owners.get(key);
  if (first !== undefined) throw new Error(`Both ${first} and ${owner} set ${what}.`);
  owners.set(key, owner);
}
