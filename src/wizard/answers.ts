/** The answers of the wizard while some questions are open. */
import { provides } from '../catalog/capabilities.js';
import type { Catalog } from '../catalog/types.js';
import type { SpecInput } from '../model.js';
import { choiceOf, chosenOf, dependencyNames, nameFromDirectory } from '../project-spec/index.js';

/** Flags, and the answers so far. */
export type WizardAnswers = SpecInput & { readonly directory?: string | undefined };

/** Flags, and the answers of those axes before `index` that apply. */
export function knownBefore(
  catalog: Catalog,
  index: number,
  answers: WizardAnswers,
  given: WizardAnswers,
): WizardAnswers {
  const fromFlags = catalog.axes.map(({ id }) => [id, choiceOf(given, id)] as const);
  const choices = Object.fromEntries(fromFlags.filter(([, choice]) => choice !== undefined));
  for (const { id, asksWhen } of catalog.axes.slice(0, index)) {
    const applies = asksWhen === null || provides(chosenOf(catalog, { choices }), asksWhen);
    const choice = choiceOf(answers, id);
    if (applies && choice !== undefined) choices[id] = choice;
  }
  return { choices };
}

/** The name that the project will have: the one from a flag, else that of its directory. */
export function projectName(catalog: Catalog, { name, directory = '.' }: WizardAnswers): string {
  return name ?? nameFromDirectory(directory, dependencyNames(catalog));
}
