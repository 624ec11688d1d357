/** The state of the wizard. Pure: every step returns a new state. */
import type { Catalog } from '../catalog/types.js';
import type { FeatureId } from '../model.js';
import { selectionBlocked, toIds } from '../project-spec/index.js';
import { knownBefore, type WizardAnswers } from './answers.js';
import { type Question, type QuestionContext, questions, withAnswer } from './questions.js';

export interface WizardState {
  /** Flags and all answers so far; answers that were undone with Escape become preselections. */
  readonly answers: WizardAnswers;
  /** Ids of the answered questions, in their order. */
  readonly done: readonly string[];
}

/** The steps of the wizard for one catalog and one set of flags. */
export class WizardMachine {
  constructor(
    private readonly catalog: Catalog,
    private readonly context: QuestionContext,
  ) {}

  /** @param answers preselections besides the flags */
  start(answers: WizardAnswers = {}): WizardState {
    return { answers: { ...answers, ...this.context.given }, done: [] };
  }

  /** The next question; null when everything is answered. */
  current({ answers, done }: WizardState): Question | null {
    return this.#questions(answers).find(({ id }) => !done.includes(id)) ?? null;
  }

  /** Says why an answer is not possible; null when it is. */
  check(
    { answers }: WizardState,
    question: Question,
    value: string | readonly FeatureId[],
  ): string | null {
    if (question.kind === 'text') return question.check(String(value));
    const ids = typeof value === 'string' ? [value] : value;
    return this.#blocked(question.id, ids, answers);
  }

  /** Records an answer. Later answers that it makes impossible are asked again. */
  answer(
    state: WizardState,
    question: Question,
    value: string | readonly FeatureId[],
  ): WizardState {
    const answers = this.#applicable(withAnswer(state.answers, question, value));
    const asked = this.#questions(answers);
    const stillFine = (id: string) => {
      const other = asked.find((candidate) => candidate.id === id);
      if (!other) return false;
      if (other.kind === 'text') return true;
      const ids = answers.choices?.[id] ?? [];
      return this.#blocked(id, toIds(ids), answers) === null;
    };
    const isDone = (id: string) => id === question.id || (state.done.includes(id) && stillFine(id));
    const done = asked.map(({ id }) => id).filter(isDone);
    return { answers, done };
  }

  /** One question back; null at the first. */
  back({ answers, done }: WizardState): WizardState | null {
    return done.length === 0 ? null : { answers, done: done.slice(0, -1) };
  }

  /** Asks one question again and leaves the others answered. */
  reopen({ answers, done }: WizardState, id: string): WizardState {
    return { answers, done: done.filter((other) => other !== id) };
  }

  /** The answered questions, in the order of the catalog. */
  answered({ answers, done }: WizardState): Question[] {
    return this.#questions(answers).filter(({ id }) => done.includes(id));
  }

  /** Why a set of options cannot be the answer of an axis; null when it can. */
  #blocked(axisId: string, ids: readonly FeatureId[], answers: WizardAnswers): string | null {
    const index = this.catalog.axes.findIndex(({ id }) => id === axisId);
    const axis = this.catalog.axes[index];
    if (!axis) return null;
    const known = knownBefore(this.catalog, index, answers, this.context.given);
    return selectionBlocked(this.catalog, axis, ids, known);
  }

  #questions(answers: WizardAnswers): Question[] {
    return questions(this.catalog, answers, this.context);
  }

  /** Without the choices of axes that no longer apply: they fall back to their default. */
  #applicable(answers: WizardAnswers): WizardAnswers {
    const ids = new Set([
      ...this.#questions(answers).map(({ id }) => id),
      ...Object.keys(this.context.given.choices ?? {}),
    ]);
    const choices = Object.entries(answers.choices ?? {}).filter(([axis]) => ids.has(axis));
    return { ...answers, choices: Object.fromEntries(choices) };
  }
}
