import type { Axis, Feature } from './types.js';

/** What flags and their help need to know about an axis: `--help` must not load templates. */
export type AxisOutline = Pick<Axis, 'id' | 'help' | 'multiple'> & {
  readonly features: readonly Pick<Feature, 'id'>[];
};

/** Works on a catalog and on its source. */
export function outlineOf(axes: readonly AxisOutline[]): AxisOutline[] {
  return axes.map(({ id, help, multiple, features }) => ({
    id,
    help,
    multiple,
    features: features.map((feature) => ({ id: feature.id })),
  }));
}
