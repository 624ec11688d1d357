/** From the user's input to a complete, validated, frozen spec. */

import type { Axis, Catalog, Feature } from '../catalog/types.js';
import { type Problem, UsageError } from '../errors.js';
import type { Capability, Choices, ProjectSpec, SpecInput } from '../model.js';
import { didYouMean } from '../text/did-you-mean.js';
import { toIds } from './choices.js';
import { checkDescription, defaultDescription } from './description.js';
import { PACKAGE_MANAGER_AXIS } from './external.js';
import { checkProjectName, dependencyNames } from './name.js';
import { exclusiveAmong, violations } from './rules.js';

/**
 * Checks names and choices, fills in defaults and checks the rules between features.
 * Throws a `UsageError` with every problem at once.
 */
export function resolveSpec(input: SpecInput, catalog: Catalog): ProjectSpec {
  const problems: Problem[] = [];
  const name = input.name ?? '';
  problems.push(...nameProblems(input.name, catalog));
  const description = (input.description ?? defaultDescription(name)).replaceAll('\r\n', '\n');
  if (input.description !== undefined) problems.push(...checkDescription(description));

  const explicit = readChoices(input, catalog, problems);
  const choices = withDefaults(explicit, catalog);
  const broken = ruleProblems(choices, catalog);
  // A violation caused only by a mistyped choice would be noise.
  if (explicit.complete) problems.push(...broken);
  if (problems.length > 0) throw new UsageError(problems);

  const ids = Object.fromEntries(
    catalog.axes.map((axis) => [
      axis.id,
      Object.freeze((choices.get(axis.id) ?? []).map((feature) => feature.id)),
    ]),
  );
  return Object.freeze({
    name,
    description,
    packageManager: ids[PACKAGE_MANAGER_AXIS]?.[0] ?? '',
    choices: Object.freeze(ids),
  });
}

/**
 * The choices as they would be if the rest of `input` were left to the defaults: for the wizard's next question.
 * Ignores what is not valid.
 */
export function previewChoices(input: SpecInput, catalog: Catalog): Choices {
  const choices = withDefaults(readChoices(input, catalog, []), catalog);
  return Object.fromEntries([...choices].map(([axis, found]) => [axis, found.map(({ id }) => id)]));
}

function nameProblems(name: string | undefined, catalog: Catalog): Problem[] {
  if (name !== undefined) return checkProjectName(name, dependencyNames(catalog));
  return [{ message: 'The project has no name.', hint: 'Give a directory or --name.' }];
}

type Chosen = Map<string, readonly Feature[]>;

interface Explicit {
  readonly chosen: Chosen;
  /** False when part of the input was invalid. */
  readonly complete: boolean;
}

function readChoices(input: SpecInput, catalog: Catalog, problems: Problem[]): Explicit {
  const before = problems.length;
  const chosen: Chosen = new Map();
  for (const [id, value] of Object.entries(givenChoices(input, problems))) {
    if (value === undefined) continue;
    const axis = catalog.axes.find((candidate) => candidate.id === id);
    if (axis) {
      const features = readAxis(axis, value, problems);
      if (features.length > 0) chosen.set(axis.id, features);
    } else {
      const ids = catalog.axes.map((candidate) => candidate.id);
      problems.push({
        message: `Unknown choice ${JSON.stringify(id)}.`,
        hint: suggestion(id, ids),
      });
    }
  }
  return { chosen, complete: problems.length === before };
}

/** The package manager may be given under either of its names. */
function givenChoices(input: SpecInput, problems: Problem[]): NonNullable<SpecInput['choices']> {
  const { packageManager, choices = {} } = input;
  const other = choices[PACKAGE_MANAGER_AXIS];
  if (packageManager === undefined) return choices;
  if (other !== undefined && String(other) !== packageManager) {
    problems.push({
      message: `Two package managers are given: ${packageManager} and ${String(other)}.`,
      hint: 'Give one.',
    });
  }
  return { ...choices, [PACKAGE_MANAGER_AXIS]: packageManager };
}

function readAxis(axis: Axis, value: string | readonly string[], problems: Problem[]): Feature[] {
  const flag = `--${axis.id}`;
  const allowed = axis.features.map((feature) => feature.id);
  const ids = toIds(value);
  const found = new Set<string>();
  const problem = (message: string, hint: string) => problems.push({ message, hint });

  for (const id of ids) {
    if (id === '') problem(`${flag} has an empty value.`, `Allowed: ${allowed.join(', ')}.`);
    else if (!allowed.includes(id)) {
      problem(`${flag} has no option ${JSON.stringify(id)}.`, suggestion(id, allowed));
    } else if (found.has(id)) problem(`${flag} lists ${id} twice.`, `Give ${id} once.`);
    else found.add(id);
  }
  if (ids.length === 0) problem(`${flag} has no value.`, `Allowed: ${allowed.join(', ')}.`);

  const features = axis.features.filter((feature) => found.has(feature.id));
  if (!axis.multiple && features.length > 1) {
    problem(`${flag} takes one value, not ${list([...found])}.`, `Allowed: ${allowed.join(', ')}.`);
    return [];
  }
  const alone = exclusiveAmong(features);
  if (alone) {
    const others = [...found].filter((id) => id !== alone.id);
    problem(
      `${flag} ${alone.id} cannot be combined with ${list(others)}.`,
      `Use ${flag} ${others.join(',')}, or ${flag} ${alone.id} alone.`,
    );
    return [];
  }
  return features;
}

/** Explicit answers first; then axis by axis, the first default whose condition is met by what is known so far. */
function withDefaults(explicit: Explicit, catalog: Catalog): Chosen {
  const chosen: Chosen = new Map();
  const known = new Set<Capability>(catalog.base.provides);
  const learn = (features: readonly Feature[]) => {
    for (const feature of features) for (const item of feature.provides) known.add(item);
  };
  for (const features of explicit.chosen.values()) learn(features);
  for (const axis of catalog.axes) {
    const features = explicit.chosen.get(axis.id) ?? defaultOf(axis, known);
    learn(features);
    chosen.set(axis.id, features);
  }
  return chosen;
}

function defaultOf(axis: Axis, known: ReadonlySet<Capability>): readonly Feature[] {
  const found = axis.defaults.find(({ when }) => when === undefined || known.has(when));
  return axis.features.filter((feature) => found?.value.includes(feature.id));
}

function ruleProblems(choices: Chosen, catalog: Catalog): Problem[] {
  const features = [catalog.base, ...[...choices.values()].flat()];
  return violations(features).map(({ feature, rule }) => ({
    message: `--${feature.axis} ${feature.id}: ${rule.because}`,
    hint: rule.instead,
  }));
}

function suggestion(word: string, allowed: readonly string[]): string {
  const near = didYouMean(word, allowed);
  const all = `Allowed: ${allowed.join(', ')}.`;
  return near === undefined ? all : `Did you mean ${near}? ${all}`;
}

function list(items: readonly string[]): string {
  return items.length < 2
    ? items.join('')
    : `${items.slice(0, -1).join(', ')} and ${items.at(-1) ?? ''}`;
}
