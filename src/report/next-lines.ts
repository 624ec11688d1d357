import type { Feature } from '../catalog/types.js';
import type { ProjectSpec, StepResult } from '../model.js';
import type { PackageManager } from '../steps/package-manager.js';
import { sh } from '../text/encoders.js';
import { displayPath } from './paths.js';

/** A next step: a command, a comment, or both. */
export interface NextLine {
  readonly command?: string;
  readonly comment?: string;
}

interface WrittenProject {
  readonly directory: string;
  readonly cwd: string;
  readonly steps: readonly StepResult[];
}

/**
 * What to do next: change to the directory, run the steps that were skipped or failed, then what the chosen features
 * suggest.
 */
export function nextLines(
  spec: ProjectSpec,
  features: readonly Feature[],
  manager: PackageManager,
  { directory, cwd, steps }: WrittenProject,
): NextLine[] {
  const place = displayPath(directory, cwd);
  const isDone = (name: string) =>
    steps.some(
      (step) => step.name === name && step.status !== 'skipped' && step.status !== 'failed',
    );
  const run = manager.runText;
  const lines = features
    .flatMap((feature) => feature.next)
    .map((line) => line.replaceAll('{name}', () => spec.name).replaceAll('{run}', () => run))
    .map(parseNextLine);
  return [
    ...(place === '.' ? [] : [{ command: `cd ${sh(place)}` }]),
    ...(isDone('install') ? [] : [{ command: manager.installText }]),
    ...(isDone('build') ? [] : [{ command: `${run} build` }]),
    // What has to be there comes before the commands that need it.
    ...lines.filter(({ command }) => command === undefined),
    ...lines.filter(({ command }) => command !== undefined),
  ];
}

/** For people: the command, then its comment. */
export function formatNextLine({ command, comment }: NextLine): string {
  if (command === undefined) return comment ?? '';
  return comment === undefined ? command : `${command.padEnd(18)} # ${comment}`;
}

/** For programs: commands that can be run as they are, and comments as shell comments. */
export function plainNextLine({ command, comment }: NextLine): string {
  return command ?? `# ${comment}`;
}

function parseNextLine(line: string): NextLine {
  const [, command = '', comment] = /^(.*?)\s*(?:(?:^|\s)#\s+(.*))?$/.exec(line) ?? [];
  return {
    ...(command === '' ? {} : { command }),
    ...(comment === undefined ? {} : { comment }),
  };
}
