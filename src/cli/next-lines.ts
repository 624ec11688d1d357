import type { Feature, ProjectSpec, StepResult } from '../model.js';
import { sh } from '../plan/encoders.js';
import type { PackageManager } from '../steps/package-manager.js';
import { displayPath } from './paths.js';

interface Outcome {
  readonly directory: string;
  readonly cwd: string;
  readonly steps: readonly StepResult[];
}

/**
 * What to do next, as commands and sentences: go there, catch up on what was left out or failed, then what the
 * chosen features suggest.
 */
export function nextLines(
  spec: ProjectSpec,
  features: readonly Feature[],
  manager: PackageManager,
  { directory, cwd, steps }: Outcome,
): string[] {
  const place = displayPath(directory, cwd);
  const isDone = (name: string) =>
    steps.some(
      (step) => step.name === name && step.status !== 'skipped' && step.status !== 'failed',
    );
  const run = manager.runText;
  return [
    ...(place === '.' ? [] : [`cd ${sh(place)}`]),
    ...(isDone('install') ? [] : [manager.installText]),
    ...(isDone('build') ? [] : [`${run} build`]),
    ...features.flatMap((feature) =>
      feature.next.map((line) =>
        line.replaceAll('{name}', () => spec.name).replaceAll('{run}', () => run),
      ),
    ),
  ];
}
