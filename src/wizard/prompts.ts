/**
 * Three prompts on clack's core, in clack's look, with what its ready-made ones lack: Escape goes back, options say why
 * they are blocked, and text is checked while it is typed.
 */
import { styleText } from 'node:util';
import {
  MultiSelectPrompt,
  type Prompt,
  SelectPrompt,
  TextPrompt,
  updateSettings,
} from '@clack/core';
import {
  isCancel,
  S_CHECKBOX_ACTIVE,
  S_CHECKBOX_INACTIVE,
  S_CHECKBOX_SELECTED,
  S_RADIO_ACTIVE,
  S_RADIO_INACTIVE,
  symbol,
} from '@clack/prompts';
import {
  answeredFrame,
  cancelledFrame,
  eraseRows,
  ghost,
  type Option,
  openFrame,
  optionLines,
} from './frame.js';
import { type Keyboard, keyQueue } from './keys.js';

// Ctrl-D would end the keyboard's stream and with it our process, in the middle of a question.
updateSettings({ aliases: { '\u0004': 'cancel' } });

export interface PromptIo {
  readonly input: Keyboard;
  readonly output: NodeJS.WriteStream;
}

/** The rows that a prompt used on the screen. */
export interface FrameHeight {
  /** Height of the frame that it left. */
  readonly rows: number;
  /** Height of its tallest frame. */
  readonly tallest: number;
}

export type PromptResult<T> =
  | (FrameHeight & { readonly kind: 'answer'; readonly value: T })
  | (FrameHeight & { readonly kind: 'back' })
  | { readonly kind: 'cancel' };

interface Common {
  readonly message: string;
  /** Lines between the question and the options. */
  readonly details?: readonly string[];
  /** Whether Escape leads to an earlier question; it is only offered then. */
  readonly canGoBack: boolean;
}

type Validate<T> = (value: T) => string | null;

export interface TextPromptOptions extends Common {
  /** What an empty answer stands for. */
  readonly placeholder: string;
  readonly initial: string;
  readonly check: Validate<string>;
}

/** A line of text. */
export function askText(question: TextPromptOptions, io: PromptIo): Promise<PromptResult<string>> {
  const { placeholder, initial, check } = question;
  const create = (draw: Draw) =>
    new TextPrompt({
      ...io,
      ...(initial === '' ? {} : { initialValue: initial }),
      validate: (value) => check(value ?? '') ?? undefined,
      render(this) {
        return draw(this.state, {
          body: [this.userInput === '' ? ghost(placeholder) : this.userInputWithCursor],
          // No problem is shown before the first key.
          problem: this.userInput === '' && this.state !== 'error' ? null : check(this.userInput),
          answer: this.userInput.trim() || placeholder,
          keys: ['enter next'],
        });
      },
    });
  return runPrompt(question, io, create, '');
}

export interface OnePromptOptions extends Common {
  readonly options: readonly Option[];
  readonly initial: string | undefined;
}

/** One of several options. */
export function askOne(question: OnePromptOptions, io: PromptIo): Promise<PromptResult<string>> {
  const { details = [], initial } = question;
  const options = [...question.options];
  const mark = (_option: Option, active: boolean) =>
    active ? styleText('green', S_RADIO_ACTIVE) : styleText('dim', S_RADIO_INACTIVE);
  const create = (draw: Draw) =>
    new SelectPrompt<Option>({
      ...io,
      options,
      ...(initial === undefined ? {} : { initialValue: initial }),
      render(this) {
        return draw(this.state, {
          body: optionLines(options, this.cursor, mark, io.output, details.length),
          problem: null,
          answer: options[this.cursor]?.label ?? '',
          keys: ['↑↓ choose', 'enter next'],
        });
      },
    });
  return runPrompt(question, io, create, '');
}

export interface ManyPromptOptions extends Common {
  readonly options: readonly Option[];
  readonly initial: readonly string[];
  readonly check: Validate<readonly string[]>;
}

/** Some of several options; choosing an exclusive one clears the others, and the reverse. */
export function askMany(
  question: ManyPromptOptions,
  io: PromptIo,
): Promise<PromptResult<readonly string[]>> {
  const { details = [], initial, check } = question;
  const options = [...question.options];
  const create = (draw: Draw) => {
    const prompt = new MultiSelectPrompt<Option>({
      ...io,
      options,
      initialValues: [...initial],
      ...(initial[0] === undefined ? {} : { cursorAt: initial[0] }),
      validate: (value) => check(value ?? []) ?? undefined,
      render(this) {
        const chosen: readonly string[] = this.value ?? [];
        const mark = ({ value }: Option, active: boolean) => {
          if (chosen.includes(value)) return styleText('green', S_CHECKBOX_SELECTED);
          return active
            ? styleText('cyan', S_CHECKBOX_ACTIVE)
            : styleText('dim', S_CHECKBOX_INACTIVE);
        };
        const labels = options
          .filter(({ value }) => chosen.includes(value))
          .map(({ label }) => label);
        return draw(this.state, {
          body: optionLines(options, this.cursor, mark, io.output, details.length),
          problem: check(chosen),
          answer: labels.join(', '),
          keys: ['↑↓ move', 'space select', 'enter next'],
        });
      },
    });
    keepExclusive(prompt, options, initial);
    return prompt;
  };
  return runPrompt(question, io, create, []);
}

function keepExclusive(
  prompt: MultiSelectPrompt<Option>,
  options: readonly Option[],
  initial: readonly string[],
): void {
  const alone = new Set(options.filter(({ exclusive }) => exclusive).map(({ value }) => value));
  let before = initial;
  const settle = () => {
    const value: string[] = prompt.value ?? [];
    const added = value.find((id) => !before.includes(id));
    const stays = (id: string) => (alone.has(added ?? '') ? id === added : !alone.has(id));
    prompt.value = added === undefined ? value : value.filter(stays);
    before = [...prompt.value];
  };
  prompt.on('cursor', settle);
  prompt.on('key', settle);
}

interface Content {
  readonly body: readonly string[];
  readonly problem: string | null;
  readonly answer: string;
  readonly keys: readonly string[];
}

type Draw = (state: Prompt<unknown>['state'], content: Content) => string;

/**
 * Runs several prompts. In between, the keyboard stays in raw mode: keys typed ahead are neither echoed into
 * the frames nor lost.
 */
export async function withKeyboard<T>(
  { input, output }: PromptIo,
  work: (io: PromptIo) => Promise<T>,
): Promise<T> {
  const { keys, release } = keyQueue(input);
  try {
    return await work({ input: keys, output });
  } finally {
    release();
  }
}

/** Clack leaves raw mode after each prompt. */
function keepKeys({ input }: PromptIo): void {
  if (input.isTTY) input.setRawMode?.(true);
}

/** Runs a prompt and draws its frames. */
async function runPrompt<T>(
  { message, details = [], canGoBack }: Common,
  io: PromptIo,
  create: (draw: Draw) => Prompt<T>,
  empty: T,
): Promise<PromptResult<T>> {
  let escaped = false;
  let frame: readonly string[] = [];
  let tallest = 0;
  const prompt = create((state, { body, problem, answer, keys }) => {
    if (state === 'submit') frame = answeredFrame(message, answer, io.output);
    else if (state === 'cancel') frame = escaped ? [] : cancelledFrame(message);
    else {
      const allKeys = [...keys, ...(canGoBack ? ['esc back'] : []), 'ctrl-c cancel'];
      const title = `${symbol(state)}  ${message}`;
      frame = openFrame({ title, body: [...details, ...body], keys: allKeys, problem }, io.output);
    }
    tallest = Math.max(tallest, frame.length);
    return frame.join('\n');
  });
  // Clack cancels on both keys; this is how they are told apart.
  prompt.on('key', (_char, key) => {
    escaped = key.name === 'escape';
  });
  const result = await prompt.prompt();
  keepKeys(io);
  if (!isCancel(result)) {
    return { kind: 'answer', value: result ?? empty, rows: frame.length, tallest };
  }
  if (!escaped) return { kind: 'cancel' };
  io.output.write(eraseRows(1));
  return { kind: 'back', rows: 0, tallest };
}
