import type { AxisOutline } from '../catalog/outline-of.js';
import { type Problem, UsageError } from '../errors.js';
import type { SpecInput } from '../model.js';

/** The parsed flags of `create`, by commander's names; one more per axis. */
export interface CreateFlags {
  readonly name?: string;
  readonly description?: string;
  readonly spec?: string;
  readonly install: boolean;
  readonly smoke: boolean;
  readonly git: boolean;
  readonly yes?: true;
  readonly dryRun?: true;
  readonly force?: true;
  readonly strict?: true;
  readonly [axis: string]: unknown;
}

/**
 * The answers that are in the flags.
 *
 * @throws UsageError when a single choice was given twice, differently.
 */
export function inputFromFlags(flags: CreateFlags, axes: readonly AxisOutline[]): SpecInput {
  const problems: Problem[] = [];
  const choices: Record<string, string | string[]> = {};
  for (const axis of axes) {
    const given = [...new Set(flags[camelCase(axis.id)] as string[] | undefined)];
    if (given.length === 0) continue;
    if (!axis.multiple && given.length > 1) {
      problems.push({
        message: `--${axis.id} was given ${given.length} times: ${given.join(' and ')}.`,
        hint: 'Give it once.',
      });
    }
    choices[axis.id] = axis.multiple ? given.flatMap(splitList) : (given[0] ?? '');
  }
  for (const step of ['install', 'smoke'] as const) {
    if (!flags.strict || flags[step]) continue;
    problems.push({
      message: `--strict and --no-${step} contradict each other: nothing would be proven.`,
      hint: 'Remove one of them.',
    });
  }
  if (problems.length > 0) throw new UsageError(problems);
  return {
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.description === undefined ? {} : { description: flags.description }),
    choices,
  };
}

function splitList(value: string): string[] {
  return value.split(',').map((part) => part.trim());
}

function camelCase(id: string): string {
  return id.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
