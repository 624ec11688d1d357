import { together } from '../catalog/capabilities.js';
import type { Axis, Catalog, Feature } from '../catalog/types.js';
import { CliError, ExitCode } from '../errors.js';
import type { Manifest } from '../model.js';
import type { ProjectTarget } from './types.js';

/**
 * The smoke test's view of a generated project: its manifest's choices, looked up in the catalog.
 *
 * @throws CliError for a choice that this version of the generator does not know
 */
export function projectTarget(
  directory: string,
  manifest: Pick<Manifest, 'generator' | 'spec'>,
  catalog: Catalog,
): ProjectTarget {
  const { spec, generator } = manifest;
  const features = Object.entries(spec.choices).flatMap(([id, choice]) => {
    const axis = catalog.axes.find((one) => one.id === id);
    const ids: readonly string[] = typeof choice === 'string' ? [choice] : choice;
    return ids.map((feature) => findFeature(axis, id, feature, generator));
  });
  return {
    kind: 'project',
    directory,
    name: spec.name,
    features: together([catalog.base, ...features.sort(byAxisOrder(catalog))]),
    buildCommand: `${spec.packageManager} run build`,
  };
}

function findFeature(
  axis: Axis | undefined,
  axisId: string,
  id: string,
  generator: string,
): Feature {
  const feature = axis?.features.find((one) => one.id === id);
  if (feature !== undefined) return feature;
  throw new CliError(ExitCode.failed, [
    {
      message: `The project was created with ${axisId} "${id}", which this version does not support.`,
      hint: `Use the version that created it: npx --package create-mcp-server@${generator} mcp-gen smoke`,
    },
  ]);
}

const byAxisOrder = (catalog: Catalog) => (a: Feature, b: Feature) =>
  orderOf(catalog, a) - orderOf(catalog, b);

const orderOf = (catalog: Catalog, { axis }: Feature): number =>
  catalog.axes.findIndex(({ id }) => id === axis);
