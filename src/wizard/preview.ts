/** A summary of the project that the wizard is about to create. */
import path from 'node:path';
import type { Catalog } from '../catalog/types.js';
import { createPlan } from '../plan/index.js';
import { reproduceCommand, resolveSpec } from '../project-spec/index.js';
import { displayPath } from '../report/paths.js';
import { version } from '../version.js';
import { projectName, type WizardAnswers } from './answers.js';

export interface Preview {
  readonly name: string;
  readonly files: number;
  /** Top-level folders with the number of files in them. */
  readonly folders: readonly (readonly [name: string, files: number])[];
  /** Top-level files. */
  readonly topLevel: readonly string[];
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  /** The command that makes the same project without questions. */
  readonly command: string;
}

/**
 * Renders the project in memory and sums it up.
 * @throws UsageError when the answers do not fit together.
 */
export function previewOf(catalog: Catalog, answers: WizardAnswers): Preview {
  const { directory = '.', ...input } = answers;
  const spec = resolveSpec({ ...input, name: projectName(catalog, answers) }, catalog);
  const plan = createPlan(catalog, spec, version);
  const folders = new Map<string, number>();
  const topLevel: string[] = [];
  for (const file of plan.keys()) {
    const [first = '', ...rest] = file.split('/');
    if (rest.length === 0) topLevel.push(first);
    else folders.set(first, (folders.get(first) ?? 0) + 1);
  }
  const manifest = JSON.parse(String(plan.get('package.json')?.contents ?? '{}'));
  return {
    name: spec.name,
    files: plan.size,
    folders: [...folders],
    topLevel,
    dependencies: Object.keys(manifest.dependencies ?? {}),
    devDependencies: Object.keys(manifest.devDependencies ?? {}),
    command: reproduceCommand(spec, catalog, displayPath(path.resolve(directory), process.cwd())),
  };
}
