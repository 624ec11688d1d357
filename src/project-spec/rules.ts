/** The rules between features, for complete choices and while some axes are still open. */
import { provides } from '../catalog/capabilities.js';
import type { Axis, Catalog, Feature, Rule } from '../catalog/types.js';
import type { FeatureId, SpecInput } from '../model.js';
import { choiceOf, chosenOf } from './choices.js';

export interface Violation {
  readonly feature: Feature;
  readonly rule: Rule;
}

/**
 * The rules that `chosen` features violate. What they require may still come from `available` features; a conflict is
 * final.
 */
export function violations(
  chosen: readonly Feature[],
  available: readonly Feature[] = [],
): Violation[] {
  const possible = [...chosen, ...available];
  return chosen.flatMap((feature) => {
    const others = chosen.filter((other) => other !== feature);
    return [
      ...feature.requires.filter(({ capability }) => !provides(possible, capability)),
      ...feature.conflicts.filter(({ capability }) => provides(others, capability)),
    ].map((rule) => ({ feature, rule }));
  });
}

/** A feature that cannot be combined with the others of its axis, although others were chosen. */
export function exclusiveAmong(features: readonly Feature[]): Feature | undefined {
  return features.length > 1 ? features.find(({ exclusive }) => exclusive) : undefined;
}

/** Why an option cannot be chosen, given earlier answers; null when it can, alone or with others of its axis. */
export function optionBlocked(
  catalog: Catalog,
  axis: Axis,
  feature: Feature,
  known: SpecInput,
): string | null {
  const isAlone = !axis.multiple || feature.exclusive;
  const company = isAlone ? [] : axis.features.filter((other) => !other.exclusive);
  return blockedBecause(catalog, axis, [feature], known, company);
}

/** Why a set of options cannot be the answer, given earlier answers; null when it can. */
export function selectionBlocked(
  catalog: Catalog,
  axis: Axis,
  ids: readonly FeatureId[],
  known: SpecInput,
): string | null {
  if (ids.length === 0) return 'Choose at least one.';
  const features = axis.features.filter(({ id }) => ids.includes(id));
  const alone = exclusiveAmong(features);
  if (alone) return `${alone.label} cannot be combined with other options.`;
  return blockedBecause(catalog, axis, features, known, []);
}

/** The first rule already violated that no remaining answer could satisfy. */
function blockedBecause(
  catalog: Catalog,
  axis: Axis,
  features: readonly Feature[],
  known: SpecInput,
  company: readonly Feature[],
): string | null {
  const chosen = [catalog.base, ...chosenOf(catalog, known), ...features];
  const later = catalog.axes
    .slice(catalog.axes.indexOf(axis) + 1)
    .filter(({ id }) => choiceOf(known, id) === undefined);
  const available = [...company, ...later.flatMap((open) => open.features)];
  return violations(chosen, available)[0]?.rule.because ?? null;
}
