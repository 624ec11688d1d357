/** The short wizard of `add-tool`. */
import { checkName, primitiveNames } from '../add/names.js';
import { PARAM_HELP } from '../add/param-help.js';
import { parseParams } from '../add/params.js';
import { checkDescription } from '../spec/index.js';
import { untilAborted } from './interrupt.js';
import { askOne, askText, type Outcome, type PromptIo, withKeyboard } from './wizard-prompts.js';
import { type Exchange, Transcript } from './wizard-transcript.js';

export interface ToolAnswers {
  readonly name: string;
  readonly description: string | undefined;
  readonly params: readonly string[];
  readonly readOnly: boolean;
}

type Topic = 'name' | 'description' | 'param' | 'access';

interface Answered extends Exchange {
  readonly topic: Topic;
  readonly value: string;
}

const LAST_PARAM = 'no more';

/**
 * Asks for the name of a tool and what flags left open.
 * @throws InterruptedError (exit code 130) when it was cancelled.
 */
export function runToolWizard(
  given: Omit<ToolAnswers, 'name'>,
  options: { readonly signal: AbortSignal },
): Promise<ToolAnswers> {
  const io: PromptIo = { input: process.stdin, output: process.stdout };
  const answers = withKeyboard(io, (queued) => converse(given, queued));
  return untilAborted(answers, options.signal);
}

async function converse(given: Omit<ToolAnswers, 'name'>, io: PromptIo): Promise<ToolAnswers> {
  const transcript = new Transcript('mcp-gen add-tool', io.output);
  let answers: readonly Answered[] = [];
  let undone: Answered | undefined;
  for (;;) {
    const topic = nextTopic(answers, given);
    if (topic === null) break;
    const initial = undone?.topic === topic ? undone.value : '';
    const { message, outcome } = await ask(topic, answers, initial, io);
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
  };
}

function nextTopic(answers: readonly Answered[], given: Omit<ToolAnswers, 'name'>): Topic | null {
  const last = answers.at(-1);
  const isDone = (topic: Topic) => answers.some((answer) => answer.topic === topic);
  if (!isDone('name')) return 'name';
  if (given.description === undefined && !isDone('description')) return 'description';
  const wantsParam = last?.topic !== 'access' && !(last?.topic === 'param' && last.value === '');
  if (given.params.length === 0 && wantsParam) return 'param';
  return given.readOnly || isDone('access') ? null : 'access';
}

async function ask(
  topic: Topic,
  answers: readonly Answered[],
  initial: string,
  io: PromptIo,
): Promise<{ message: string; outcome: Outcome<string> }> {
  const canGoBack = answers.length > 0;
  if (topic === 'access') {
    const message = 'Does it change anything?';
    const option = (value: string, label: string, hint: string) => {
      return { value, label, hint, disabled: false };
    };
    const options = [
      option('write', 'It may', 'clients ask before they call it'),
      option('read', 'It only reads', 'clients may call it freely'),
    ];
    const outcome = await askOne({ message, canGoBack, options, initial: initial || 'write' }, io);
    return { message, outcome };
  }
  const text = textQuestion(topic, answers);
  const outcome = await askText({ ...text, canGoBack, initial }, io);
  return { message: text.message, outcome };
}

function textQuestion(topic: Exclude<Topic, 'access'>, answers: readonly Answered[]) {
  if (topic === 'name') {
    return {
      message: 'What is the tool called?',
      placeholder: 'search_orders',
      check: (text: string) => sentence(checkName(text.trim())),
    };
  }
  if (topic === 'description') {
    const name = answers[0]?.value ?? '';
    return {
      message: 'What does it do? One sentence, for the model.',
      placeholder: `${primitiveNames(name).title}.`,
      check: (text: string) => (text.trim() === '' ? null : sentence(checkDescription(text)[0])),
    };
  }
  const before = answers.filter((answer) => answer.topic === 'param').map(({ value }) => value);
  return {
    message: before.length === 0 ? 'A parameter?' : 'One more parameter?',
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
  return topic === 'param' ? LAST_PARAM : textQuestion('description', answers).placeholder;
}
