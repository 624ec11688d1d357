/** The short wizard of `add-tool`. */
import { checkName, primitiveNames } from '../add/names.js';
import { PARAM_HELP } from '../add/param-help.js';
import { parseParams } from '../add/params.js';
import { parseScopes } from '../add/scopes.js';
import { checkDescription } from '../project-spec/index.js';
import { untilAborted } from '../until-aborted.js';
import { askOne, askText, type PromptIo, type PromptResult, withKeyboard } from './prompts.js';
import { type Exchange, Transcript } from './transcript.js';

export interface ToolAnswers {
  readonly name: string;
  readonly description: string | undefined;
  readonly params: readonly string[];
  readonly readOnly: boolean;
  readonly scopes: readonly string[];
}

/** What the questions need to know about the project. */
export interface ToolWizardContext {
  /** Whether the project authenticates callers; scopes are asked for only then. */
  readonly hasAuth: boolean;
  /** Scopes that the project already requires. */
  readonly scopesInUse: readonly string[];
  readonly signal: AbortSignal;
}

type Topic = 'name' | 'description' | 'param' | 'access' | 'scope';

interface Answered extends Exchange {
  readonly topic: Topic;
  readonly value: string;
}

const LAST_PARAM = 'no more';
const NO_SCOPE = 'none: every caller that the policy allows';

/**
 * Asks for the name of a tool and what flags left open.
 * @throws InterruptedError (exit code 130) when it was cancelled.
 */
export function runToolWizard(
  given: Omit<ToolAnswers, 'name'>,
  context: ToolWizardContext,
): Promise<ToolAnswers> {
  const io: PromptIo = { input: process.stdin, output: process.stdout };
  const answers = withKeyboard(io, (queued) => converse(given, context, queued));
  return untilAborted(answers, context.signal);
}

async function converse(
  given: Omit<ToolAnswers, 'name'>,
  context: ToolWizardContext,
  io: PromptIo,
): Promise<ToolAnswers> {
  const transcript = new Transcript('mcp-gen add-tool', io.output);
  let answers: readonly Answered[] = [];
  let undone: Answered | undefined;
  for (;;) {
    const topic = nextTopic(answers, given, context);
    if (topic === null) break;
    const initial = undone?.topic === topic ? undone.value : '';
    const { message, outcome } = await ask(topic, answers, initial, context, io);
    if (outcome.kind === 'cancel') throw transcript.cancelled();
    if (outcome.kind === 'back') {
      undone = answers.at(-1);
      answers = answers.slice(0, -1);
    } else {
      const { value } = outcome;
      const shown = shownAnswer(topic, value, answers);
      answers = [...answers, { topic, value, message, answer: shown }];
      undone = undefined;
    }
    transcript.show(answers, outcome);
  }
  transcript.end();
  const values = (topic: Topic) =>
    answers.filter((answer) => answer.topic === topic).map(({ value }) => value);
  return {
    name: values('name')[0] ?? '',
    description: given.description ?? (values('description')[0]?.trim() || undefined),
    params: given.params.length > 0 ? given.params : values('param').filter(Boolean),
    readOnly: given.readOnly || values('access')[0] === 'read',
    scopes: given.scopes.length > 0 ? given.scopes : values('scope').filter(Boolean),
  };
}

function nextTopic(
  answers: readonly Answered[],
  given: Omit<ToolAnswers, 'name'>,
  { hasAuth }: ToolWizardContext,
): Topic | null {
  const last = answers.at(-1);
  const isDone = (topic: Topic) => answers.some((answer) => answer.topic === topic);
  if (!isDone('name')) return 'name';
  if (given.description === undefined && !isDone('description')) return 'description';
  const isAfterParams = last?.topic === 'access' || last?.topic === 'scope';
  const wantsParam = !isAfterParams && !(last?.topic === 'param' && last.value === '');
  if (given.params.length === 0 && wantsParam) return 'param';
  if (!given.readOnly && !isDone('access')) return 'access';
  return hasAuth && given.scopes.length === 0 && !isDone('scope') ? 'scope' : null;
}

async function ask(
  topic: Topic,
  answers: readonly Answered[],
  initial: string,
  context: ToolWizardContext,
  io: PromptIo,
): Promise<{ message: string; outcome: PromptResult<string> }> {
  const canGoBack = answers.length > 0;
  if (topic === 'access') {
    const message = 'Does it change anything?';
    const option = (value: string, label: string, hint: string) => {
      return { value, label, hint, disabled: false };
    };
    const options = [
      option('write', 'It may', 'clients ask before calling it'),
      option('read', 'It only reads', 'clients may call it without asking'),
    ];
    const outcome = await askOne({ message, canGoBack, options, initial: initial || 'write' }, io);
    return { message, outcome };
  }
  const text = textQuestion(topic, answers, context);
  const outcome = await askText({ ...text, canGoBack, initial }, io);
  return { message: text.message, outcome };
}

function textQuestion(
  topic: Exclude<Topic, 'access'>,
  answers: readonly Answered[],
  { scopesInUse }: ToolWizardContext,
) {
  if (topic === 'name') {
    return {
      message: 'What is the tool called?',
      placeholder: 'search_orders',
      check: (text: string) => sentence(checkName(text.trim())),
    };
  }
  if (topic === 'description') {
    return {
      message: 'What does it do? One sentence, for the model.',
      placeholder: defaultDescription(answers),
      check: (text: string) => (text.trim() === '' ? null : sentence(checkDescription(text)[0])),
    };
  }
  if (topic === 'scope') {
    const known = scopesInUse.length === 0 ? [] : [`In use: ${scopesInUse.join(', ')}`];
    return {
      message: 'Which scope does a caller need?',
      details: ['Separate several with commas.', ...known],
      placeholder: NO_SCOPE,
      check: (text: string) =>
        text.trim() === '' ? null : sentence(parseScopes([text]).problems[0]),
    };
  }
  const before = answers.filter((answer) => answer.topic === 'param').map(({ value }) => value);
  return {
    message: before.length === 0 ? 'Add a parameter?' : 'Add another parameter?',
    details: PARAM_HELP.split('; '),
    placeholder: LAST_PARAM,
    check: (text: string) =>
      text.trim() === '' ? null : sentence(parseParams([...before, text]).problems[0]),
  };
}

function sentence(problem: { message: string; hint?: string } | null | undefined): string | null {
  return problem ? [problem.message, problem.hint ?? ''].join(' ').trim() : null;
}

function shownAnswer(topic: Topic, value: string, answers: readonly Answered[]): string {
  if (topic === 'access') return value === 'read' ? 'It only reads' : 'It may';
  if (value.trim() !== '') return value;
  if (topic === 'scope') return NO_SCOPE;
  return topic === 'param' ? LAST_PARAM : defaultDescription(answers);
}

const defaultDescription = ([name]: readonly Answered[]): string =>
  `${primitiveNames(name?.value ?? '').title}.`;
