/** The wizard of `create`: asks what the flags left open, shows a summary, and can go back. */

import type { Catalog } from '../catalog/types.js';
import type { FeatureId, SpecInput } from '../model.js';
import { resolveSpec, suggestName } from '../project-spec/index.js';
import { untilAborted } from '../until-aborted.js';
import type { WizardAnswers } from './answers.js';
import { previewOf } from './preview.js';
import { previewLines } from './preview-lines.js';
import {
  askMany,
  askOne,
  askText,
  type FrameHeight,
  type PromptIo,
  type PromptResult,
  withKeyboard,
} from './prompts.js';
import {
  type ChoiceQuestion,
  type Question,
  type QuestionContext,
  questions,
} from './questions.js';
import { WizardMachine, type WizardState } from './state.js';
import { type Exchange, Transcript } from './transcript.js';

export interface WizardOptions extends Omit<QuestionContext, 'given'> {
  /** Aborted by SIGTERM and the like; a key press of Ctrl-C comes from the prompts. */
  readonly signal?: AbortSignal;
  readonly input?: NodeJS.ReadStream;
  readonly output?: NodeJS.WriteStream;
}

/**
 * Asks for everything that `given` leaves open. A directory that cannot be used is asked again, with the reason.
 * @returns the answers of flags and wizard together; the rest is left to the defaults.
 * @throws UsageError when flags are wrong or conflict (before anything is asked), InterruptedError (exit code 130) when
 * it was cancelled.
 */
export async function runWizard(
  catalog: Catalog,
  given: WizardAnswers,
  options: WizardOptions = {},
): Promise<SpecInput & { directory: string }> {
  const { directory, ...flags } = given;
  resolveSpec({ ...flags, name: flags.name ?? suggestName('') }, catalog);

  const { signal, input = process.stdin, output = process.stdout, ...context } = options;
  const machine = new WizardMachine(catalog, {
    ...context,
    given: usable(catalog, given, context),
  });
  const start = machine.start({ directory });
  const answers = withKeyboard({ input, output }, (io) => converse(catalog, machine, start, io));
  return signal ? untilAborted(answers, signal) : answers;
}

async function converse(
  catalog: Catalog,
  machine: WizardMachine,
  start: WizardState,
  io: PromptIo,
): Promise<SpecInput & { directory: string }> {
  const transcript = new Transcript('create-mcp-server', io.output);
  let state = start;
  const show = (prompt: FrameHeight) => transcript.show(exchanges(machine, state), prompt);
  for (;;) {
    const question = machine.current(state);
    const canGoBack = machine.back(state) !== null;
    const outcome = question
      ? await ask(question, state, machine, io, canGoBack)
      : await confirm(catalog, state, io, canGoBack);
    if (outcome.kind === 'cancel') throw transcript.cancelled();
    if (outcome.kind === 'back') {
      state = machine.back(state) ?? state;
      show(outcome);
    } else if (question) {
      state = machine.answer(state, question, outcome.value);
      show(outcome);
    } else if (outcome.value === 'change') {
      show(outcome);
      const chosen = await chooseAnswer(machine, state, io);
      if (chosen.kind === 'cancel') throw transcript.cancelled();
      if (chosen.kind === 'answer') state = machine.reopen(state, chosen.value);
      show(chosen);
    } else {
      if (outcome.value === 'cancel') throw transcript.cancelled();
      transcript.end();
      return { ...state.answers, directory: state.answers.directory ?? '.' };
    }
  }
}

/** Without a directory that cannot be used. */
function usable(
  catalog: Catalog,
  given: WizardAnswers,
  context: Omit<QuestionContext, 'given'>,
): WizardAnswers {
  const { directory, ...others } = given;
  if (directory === undefined) return given;
  const [question] = questions(catalog, given, { ...context, given: others });
  const isFine = question?.kind === 'text' && question.check(directory) === null;
  return isFine ? given : others;
}

function ask(
  question: Question,
  state: WizardState,
  machine: WizardMachine,
  io: PromptIo,
  canGoBack: boolean,
): Promise<PromptResult<string | readonly FeatureId[]>> {
  const { message } = question;
  const check = (value: string | readonly FeatureId[]) => machine.check(state, question, value);
  if (question.kind === 'text') {
    const { fallback: placeholder, previous: initial } = question;
    return askText({ message, canGoBack, placeholder, initial, check }, io);
  }
  const common = { message, canGoBack, options: promptOptions(question) };
  return question.multiple
    ? askMany({ ...common, initial: question.preselected, check }, io)
    : askOne({ ...common, initial: question.preselected[0] }, io);
}

function promptOptions({ options }: ChoiceQuestion) {
  return options.map(({ id, label, hint, blocked, exclusive }) => ({
    value: id,
    label,
    hint: blocked ?? hint,
    disabled: blocked !== null,
    exclusive,
  }));
}

/** The last question: a summary of the project, and whether to create it. */
function confirm(
  catalog: Catalog,
  { answers }: WizardState,
  io: PromptIo,
  canChange: boolean,
): Promise<PromptResult<string>> {
  const preview = previewOf(catalog, answers);
  const option = (value: string, label: string) => ({ value, label, hint: '', disabled: false });
  return askOne(
    {
      message: 'Ready to create:',
      details: previewLines(preview, answers.directory ?? '.', io.output),
      canGoBack: canChange,
      initial: 'create',
      options: [
        option('create', 'Create it'),
        ...(canChange ? [option('change', 'Change an answer')] : []),
        option('cancel', 'Cancel'),
      ],
    },
    io,
  );
}

/** Asks which answer to change; Escape keeps them all. */
function chooseAnswer(
  machine: WizardMachine,
  state: WizardState,
  io: PromptIo,
): Promise<PromptResult<string>> {
  const options = machine.answered(state).map((question) => ({
    value: question.id,
    label: question.message,
    hint: shownAnswer(question, state.answers),
    disabled: false,
  }));
  const message = 'Which answer?';
  return askOne({ message, canGoBack: true, options, initial: undefined }, io);
}

function exchanges(machine: WizardMachine, state: WizardState): Exchange[] {
  return machine.answered(state).map((question) => ({
    message: question.message,
    answer: shownAnswer(question, state.answers),
  }));
}

function shownAnswer(question: Question, answers: WizardAnswers): string {
  if (question.kind === 'text') return answers[question.id] ?? question.fallback;
  const chosen = question.options.filter(({ id }) => question.preselected.includes(id));
  return chosen.map(({ label }) => label).join(', ');
}
