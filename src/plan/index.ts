/** The planner: (catalog, spec) → every file of the project, in memory. Pure and synchronous. */

import { capabilitiesOf, satisfies } from '../catalog/capabilities.js';
import type { Catalog, Feature, TemplateFile } from '../catalog/types.js';
import type { JsonObject, Plan, PlannedFile, ProjectSpec } from '../model.js';
import { matchesAny } from '../text/globs.js';
import { chosenFeatures, claim, originOf } from './choose.js';
import { programsOf } from './context.js';
import { KIT_ORIGIN, vendor } from './kit.js';
import { createManifest, formatManifest, MANIFEST_PATH } from './manifest.js';
import { formatPackageJson, mergePackageJson } from './package-json.js';
import { createRenderer, type Renderer } from './render.js';

const PACKAGE_PATH = 'package.json';

/**
 * All files of a project, with its manifest, sorted by path. The same catalog, spec and version give the same bytes.
 * The files that the project's own ones reach come from the kit, with their packages. Throws a plain Error (a mistake
 * in the templates, never the user's) when two features plan one path, disagree about package.json or facts, a
 * template uses a name that does not exist, or a file imports what the kit has not.
 */
export function createPlan(catalog: Catalog, spec: ProjectSpec, generatorVersion: string): Plan {
  const features = chosenFeatures(catalog, spec);
  const capabilities = capabilitiesOf(features);
  const renderer = createRenderer(catalog, spec, generatorVersion, features, capabilities);
  const seeds = features.flatMap((feature) => feature.seeds);
  const owners = new Map<string, string>([[MANIFEST_PATH, 'the generator']]);
  const files: PlannedFile[] = [];

  const add = (path: string, contents: string | Uint8Array, origin: string) => {
    claim(owners, path, origin, `the file ${path}`);
    files.push({ path, contents, origin, policy: matchesAny(path, seeds) ? 'seed' : 'managed' });
  };

  for (const feature of features) {
    for (const file of feature.files) {
      if (!satisfies(file.when, capabilities)) continue;
      const contents = contentsOf(file, feature, renderer);
      if (contents !== '') add(file.path, contents, originOf(feature));
    }
  }

  const vendored = vendor(catalog.kit, files);
  files.push(...vendored.files);
  add(
    PACKAGE_PATH,
    packageJson(features, spec, programsOf(features, capabilities), vendored.pkg),
    catalog.base.id,
  );

  const planned = files.sort(byPath);
  const manifest = createManifest(catalog, spec, generatorVersion, planned);
  const last: PlannedFile = {
    path: MANIFEST_PATH,
    contents: formatManifest(manifest),
    origin: catalog.base.id,
    policy: 'managed',
  };
  return new Map([...planned, last].sort(byPath).map((file) => [file.path, file]));
}

function contentsOf(file: TemplateFile, feature: Feature, renderer: Renderer): string | Uint8Array {
  if (file.render !== null) return renderer.render(file.render, file.path, originOf(feature));
  return file.bytes ?? '';
}

function packageJson(
  features: readonly Feature[],
  spec: ProjectSpec,
  programs: readonly string[],
  ofKit: JsonObject,
): string {
  const scripts = Object.fromEntries(programs.map((name) => [name, `node dist/${name}.js`]));
  const own = { name: spec.name, description: spec.description, scripts };
  const fragments = features.map((feature) => ({
    origin: originOf(feature),
    content: feature.pkg,
  }));
  return formatPackageJson(
    mergePackageJson([
      { origin: 'the project', content: own },
      ...fragments,
      { origin: KIT_ORIGIN, content: ofKit },
    ]),
  );
}

function byPath(a: PlannedFile, b: PlannedFile): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
