/** Which answers fit together, while some are still open. */
import type { Axis, Catalog, Feature } from '../catalog/types.js';
import type { Condition, FeatureId, SpecInput } from '../model.js';
import { capabilitiesOf, satisfies } from '../plan/choose.js';
import { dependencyNames, nameFromDirectory, PACKAGE_MANAGER_AXIS } from '../project-spec/index.js';

/** What is known: from flags, or answered so far. */
export type Answers = SpecInput & { readonly directory?: string | undefined };

/** Why an option cannot be chosen, given earlier answers; null when it can, alone or with others of its axis. */
export function optionBlocked(
  catalog: Catalog,
  axis: Axis,
  feature: Feature,
  known: Answers,
): string | null {
  const isAlone = !axis.multiple || feature.exclusive;
  const company = isAlone ? [] : axis.features.filter((other) => !other.exclusive);
  return blockedBecause(catalog, axis, [feature], known, company);
}

/** Why a set of options cannot be the answer; null when it can. */
export function checkSelection(
  catalog: Catalog,
  axisId: string,
  ids: readonly FeatureId[],
  answers: Answers,
  given: Answers,
): string | null {
  if (ids.length === 0) return 'Choose at least one.';
  const index = catalog.axes.findIndex(({ id }) => id === axisId);
  const axis = catalog.axes[index];
  if (!axis) return null;
  const features = axis.features.filter(({ id }) => ids.includes(id));
  const alone = features.find(({ exclusive }) => exclusive);
  if (alone && features.length > 1) return `${alone.label} cannot be combined with others.`;
  return blockedBecause(catalog, axis, features, knownBefore(catalog, index, answers, given), []);
}

/** A rule that these features and what is known break, and that nothing to come can mend. */
function blockedBecause(
  catalog: Catalog,
  axis: Axis,
  features: readonly Feature[],
  known: Answers,
  company: readonly Feature[],
): string | null {
  const chosen = [catalog.base, ...chosenOf(catalog, known), ...features];
  const later = catalog.axes
    .slice(catalog.axes.indexOf(axis) + 1)
    .filter(({ id }) => choiceOf(known, id) === undefined);
  const possible = [...chosen, ...company, ...later.flatMap((open) => open.features)];
  for (const feature of chosen) {
    const missing = feature.requires.find(({ capability }) => !provides(possible, capability));
    const others = chosen.filter((other) => other !== feature);
    const broken =
      missing ?? feature.conflicts.find(({ capability }) => provides(others, capability));
    if (broken) return broken.because;
  }
  return null;
}

/** Flags, and the answers of those axes before `index` that apply. */
export function knownBefore(
  catalog: Catalog,
  index: number,
  answers: Answers,
  given: Answers,
): Answers {
  const fromFlags = catalog.axes.map(({ id }) => [id, choiceOf(given, id)] as const);
  const choices = Object.fromEntries(fromFlags.filter(([, choice]) => choice !== undefined));
  for (const { id, asksWhen } of catalog.axes.slice(0, index)) {
    const applies = asksWhen === null || provides(chosenOf(catalog, { choices }), asksWhen);
    const choice = choiceOf(answers, id);
    if (applies && choice !== undefined) choices[id] = choice;
  }
  return { choices };
}

/** The answer for an axis; the package manager may be given under either of its names. */
export function choiceOf(answers: Answers, axis: string): string | readonly string[] | undefined {
  return (
    answers.choices?.[axis] ?? (axis === PACKAGE_MANAGER_AXIS ? answers.packageManager : undefined)
  );
}

/** The name that the project will have: the one from a flag, else that of its directory. */
export function projectName(catalog: Catalog, { name, directory = '.' }: Answers): string {
  return name ?? nameFromDirectory(directory, dependencyNames(catalog));
}

/** The features that are chosen so far. */
export function chosenOf(catalog: Catalog, answers: Answers): Feature[] {
  return catalog.axes.flatMap((axis) => {
    const ids = toList(choiceOf(answers, axis.id) ?? []);
    return axis.features.filter((feature) => ids.includes(feature.id));
  });
}

/** A choice as a list, however it was given. */
export const toList = (choice: string | readonly string[]): readonly string[] =>
  typeof choice === 'string' ? choice.split(',').map((id) => id.trim()) : choice;

/** Whether the features together provide what a condition asks for. */
export const provides = (features: readonly Feature[], condition: Condition): boolean =>
  satisfies(condition, capabilitiesOf(features));
