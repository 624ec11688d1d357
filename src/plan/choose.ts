/** What a spec brings together: features, facts and environment variables. */
import { satisfies } from '../catalog/capabilities.js';
import type { Catalog, EnvVar, Feature } from '../catalog/types.js';
import type { Capability, JsonObject, ProjectSpec } from '../model.js';

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

/** All facts in one object. Throws when two features set the same key. */
export function mergeFacts(features: readonly Feature[]): JsonObject {
  const facts: Record<string, unknown> = {};
  const owners = new Map<string, string>();
  for (const feature of features) {
    for (const [key, value] of Object.entries(feature.facts)) {
      claim(owners, key, originOf(feature), `the fact "${key}"`);
      facts[key] = value;
    }
  }
  return facts;
}

/** One variable as templates see it: what is absent is null, because templates throw on undefined. */
export type EnvEntry = { readonly [K in keyof Required<Omit<EnvVar, 'when'>>]: EnvVar[K] | null };

/** All environment variables that apply, in order. Throws when two features document the same one. */
export function mergeEnv(
  features: readonly Feature[],
  capabilities: ReadonlySet<Capability>,
  name: string,
): readonly EnvEntry[] {
  const owners = new Map<string, string>();
  return features.flatMap((feature) =>
    feature.env
      .filter(({ when }) => satisfies(when, capabilities))
      .map((variable) => {
        claim(owners, variable.name, originOf(feature), `the variable ${variable.name}`);
        const value = variable.default?.replaceAll('{name}', () => name) ?? null;
        return { example: null, secret: false, required: false, ...variable, default: value };
      }),
  );
}

/** Records which feature set `key`; throws when another one did before. */
export function claim(owners: Map<string, string>, key: string, owner: string, what: string): void {
  const first = owners.get(key);
  if (first !== undefined) throw new Error(`Both ${first} and ${owner} set ${what}.`);
  owners.set(key, owner);
}
