/** Choices as the user gave them, complete or not. Nothing is validated here. */
import type { Catalog, Feature } from '../catalog/types.js';
import type { AxisId, FeatureId, SpecInput } from '../model.js';
import { PACKAGE_MANAGER_AXIS } from './external.js';

/** The answer for an axis; the package manager may be given under either of its names. */
export function choiceOf(
  input: SpecInput,
  axis: AxisId,
): string | readonly FeatureId[] | undefined {
  return (
    input.choices?.[axis] ?? (axis === PACKAGE_MANAGER_AXIS ? input.packageManager : undefined)
  );
}

/** The features that are chosen so far. */
export function chosenOf(catalog: Catalog, input: SpecInput): Feature[] {
  return catalog.axes.flatMap((axis) => {
    const ids = toIds(choiceOf(input, axis.id) ?? []);
    return axis.features.filter((feature) => ids.includes(feature.id));
  });
}

/** A choice as a list: `'a, b'` and `['a', 'b']` are the same. */
export function toIds(choice: string | readonly FeatureId[]): readonly FeatureId[] {
  return (typeof choice === 'string' ? choice.split(',') : choice).map((id) => id.trim());
}
