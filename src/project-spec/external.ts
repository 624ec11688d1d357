/** The external form of a spec: in `.mcp-gen.json`, `--spec` files and JSON output. */
import type { Catalog } from '../catalog/types.js';
import type { Manifest, ProjectSpec } from '../model.js';

/** The axis that has a key of its own in the external form. */
export const PACKAGE_MANAGER_AXIS = 'package-manager';

/** Single choices become a string, multiple choices a list; the package manager has its own key. */
export function toExternalSpec(spec: ProjectSpec, catalog: Catalog): Manifest['spec'] {
  const choices = catalog.axes
    .filter((axis) => axis.id !== PACKAGE_MANAGER_AXIS)
    .map((axis) => {
      const ids = spec.choices[axis.id] ?? [];
      return [axis.id, axis.multiple ? ids : (ids[0] ?? '')] as const;
    });
  return {
    name: spec.name,
    description: spec.description,
    packageManager: spec.packageManager,
    choices: Object.fromEntries(choices),
  };
}
