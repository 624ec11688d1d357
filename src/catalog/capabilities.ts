/** What chosen features provide together, and whether that meets a condition. */
import type { Capability, Condition } from '../model.js';
import type { Feature } from './types.js';

/** Everything that these features provide together. */
export function capabilitiesOf(features: readonly Feature[]): ReadonlySet<Capability> {
  return new Set(features.flatMap((feature) => feature.provides));
}

/** Whether a condition holds: capabilities joined by `&`, a leading `!` for one that must be absent. */
export function satisfies(
  condition: Condition | undefined,
  capabilities: ReadonlySet<Capability>,
): boolean {
  if (condition === undefined) return true;
  return condition
    .split('&')
    .every((term) =>
      term.startsWith('!') ? !capabilities.has(term.slice(1)) : capabilities.has(term),
    );
}

/** Whether the features together meet a condition. */
export const provides = (features: readonly Feature[], condition: Condition): boolean =>
  satisfies(condition, capabilitiesOf(features));

/** Features as they are beside each other: what they set for such company takes the place of their own. */
export function together(features: readonly Feature[]): readonly Feature[] {
  const capabilities = capabilitiesOf(features);
  return features.map((feature) => {
    const variants = feature.variants.filter(({ when }) => satisfies(when, capabilities));
    const without = variants.flatMap((variant) => variant.without);
    const files = feature.files.filter(({ path }) => !without.includes(path));
    return Object.assign({}, feature, { files }, ...variants.map(({ set }) => set)) as Feature;
  });
}
