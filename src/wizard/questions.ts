/** The questions of the wizard as data: pure, without a terminal. What is asked comes from the catalog. */
import { provides } from '../catalog/capabilities.js';
import type { Axis, Catalog } from '../catalog/types.js';
import type { FeatureId } from '../model.js';
import {
  checkDescription,
  checkProjectName,
  checkScope,
  choiceOf,
  chosenOf,
  defaultDescription,
  dependencyNames,
  nameFromDirectory,
  optionBlocked,
  previewChoices,
  suggestName,
  toIds,
} from '../project-spec/index.js';
import { knownBefore, projectName, type WizardAnswers } from './answers.js';

export interface QuestionOption {
  readonly id: FeatureId;
  readonly label: string;
  readonly hint: string;
  /** Why it cannot be chosen, given earlier answers; null when it can. */
  readonly blocked: string | null;
  /** Cannot be combined with other options. */
  readonly exclusive: boolean;
}

export interface TextQuestion {
  readonly kind: 'text';
  readonly id: 'directory' | 'description';
  readonly message: string;
  /** What an empty answer stands for. */
  readonly fallback: string;
  /** The previous answer, when the question is asked again. */
  readonly previous: string;
  /** What is wrong, in a sentence; null when the answer is valid. */
  readonly check: (text: string) => string | null;
}

export interface ChoiceQuestion {
  readonly kind: 'choice';
  readonly id: string;
  readonly message: string;
  readonly multiple: boolean;
  readonly options: readonly QuestionOption[];
  readonly preselected: readonly FeatureId[];
}

export type Question = TextQuestion | ChoiceQuestion;

export interface QuestionContext {
  /** WizardAnswers from flags: not asked again. */
  readonly given: WizardAnswers;
  /** Preselections from the environment that override the catalog's, for example the running package manager. */
  readonly detected?: Readonly<Record<string, FeatureId>>;
  /** Why a directory cannot be used; null when it can. */
  readonly checkDirectory?: (directory: string) => string | null;
}

const FALLBACK_DIRECTORY = 'my-mcp-server';

/**
 * Every question for these answers, in order; those that flags answered or that do not apply are left out. An axis
 * sees the answers of earlier axes and the flags, so that going back never locks an option because of a later answer.
 */
export function questions(
  catalog: Catalog,
  answers: WizardAnswers,
  context: QuestionContext,
): Question[] {
  const { given } = context;
  const list: Question[] = [];
  if (given.directory === undefined) list.push(directoryQuestion(catalog, answers, context));
  for (const [index, axis] of catalog.axes.entries()) {
    if (choiceOf(given, axis.id) !== undefined) continue;
    const known = knownBefore(catalog, index, answers, given);
    if (axis.asksWhen !== null && !provides(chosenOf(catalog, known), axis.asksWhen)) continue;
    const question = axisQuestion(catalog, axis, known, answers, context);
    if (isOpen(question, previewChoices(known, catalog)[axis.id])) list.push(question);
  }
  if (given.description === undefined) list.push(descriptionQuestion(catalog, answers));
  return list;
}

/** Whether to ask: not when the only option left is the default. */
function isOpen({ options }: ChoiceQuestion, byDefault: readonly FeatureId[] = []): boolean {
  const [only, ...more] = options.filter(({ blocked }) => blocked === null);
  return more.length > 0 || only === undefined || byDefault.join() !== only.id;
}

/** The answers with one more. */
export function withAnswer(
  answers: WizardAnswers,
  question: Question,
  value: string | readonly FeatureId[],
): WizardAnswers {
  if (question.kind === 'choice') {
    const ids = typeof value === 'string' ? [value] : value;
    return { ...answers, choices: { ...answers.choices, [question.id]: ids } };
  }
  const text = String(value).trim();
  // An empty description stays undefined: its default contains the name, which may still change.
  if (question.id === 'description') return { ...answers, description: text || undefined };
  return { ...answers, directory: text || question.fallback };
}

function directoryQuestion(
  catalog: Catalog,
  answers: WizardAnswers,
  context: QuestionContext,
): TextQuestion {
  const taken = dependencyNames(catalog);
  const { name } = context.given;
  const fallback = name ?? FALLBACK_DIRECTORY;
  return {
    kind: 'text',
    id: 'directory',
    message: 'Where should the new server go?',
    fallback: `./${suggestName(fallback, taken)}`,
    previous: answers.directory ?? '',
    check(text) {
      const directory = text.trim() === '' ? fallback : text.trim();
      const scoped = checkScope(directory);
      if (scoped) return `${scoped.message} ${scoped.hint}`;
      const problems =
        name === undefined ? checkProjectName(nameFromDirectory(directory, taken), taken) : [];
      if (problems.length > 0) {
        return problems
          .flatMap(({ message, hint }) => (hint ? [message, hint] : [message]))
          .join(' ');
      }
      return context.checkDirectory?.(directory) ?? null;
    },
  };
}

function descriptionQuestion(catalog: Catalog, answers: WizardAnswers): TextQuestion {
  return {
    kind: 'text',
    id: 'description',
    message: 'What does the server do? One sentence.',
    fallback: defaultDescription(projectName(catalog, answers)),
    previous: answers.description ?? '',
    check: (text) => (text.trim() === '' ? null : (checkDescription(text)[0]?.message ?? null)),
  };
}

function axisQuestion(
  catalog: Catalog,
  axis: Axis,
  known: WizardAnswers,
  answers: WizardAnswers,
  { detected }: QuestionContext,
): ChoiceQuestion {
  const options = axis.features.map((feature) => ({
    id: feature.id,
    label: feature.label,
    hint: feature.hint,
    blocked: optionBlocked(catalog, axis, feature, known),
    exclusive: feature.exclusive,
  }));
  const before = choiceOf(answers, axis.id);
  const suggested = detected?.[axis.id] ?? previewChoices(known, catalog)[axis.id];
  const wanted = toIds(before ?? suggested ?? []);
  const open = options.filter(({ blocked }) => blocked === null).map(({ id }) => id);
  const preselected = open.filter((id) => wanted.includes(id));
  return {
    kind: 'choice',
    id: axis.id,
    message: axis.question,
    multiple: axis.multiple,
    options,
    preselected: preselected.length > 0 ? preselected : open.slice(0, 1),
  };
}
