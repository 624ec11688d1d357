/** How the wizard's frames look: clack's symbols, one line per line, so that a frame's height is known. */
import { stripVTControlCharacters, styleText } from 'node:util';
import { limitOptions, S_BAR, S_BAR_END, symbol, unicodeOr } from '@clack/prompts';
import { columns } from '../text/columns.js';

export interface Option {
  readonly value: string;
  readonly label: string;
  /** A short explanation; for a disabled option, why it cannot be chosen. */
  readonly hint: string;
  readonly disabled: boolean;
  readonly exclusive?: boolean;
}

const S_OFF = unicodeOr('·', '-');
const bar = (): string => styleText('gray', S_BAR);
const frameWidth = (output: NodeJS.WriteStream): number => (output.columns ?? 80) - 1;

/** The escape sequence that erases `rows` rows above the cursor. */
export const eraseRows = (rows: number): string => (rows > 0 ? `\u001b[${rows}A\r\u001b[J` : '');

/** An open question; a problem with the current answer replaces the list of keys. */
export function openFrame(
  frame: {
    readonly title: string;
    readonly body: readonly string[];
    readonly keys: readonly string[];
    readonly problem: string | null;
  },
  output: NodeJS.WriteStream,
): string[] {
  const width = frameWidth(output);
  const note = frame.problem
    ? wrap(frame.problem, width - 3).map((line) => styleText('yellow', line))
    : [styleText('dim', frame.keys.join(' · '))];
  const active = styleText('cyan', S_BAR);
  const end = styleText('cyan', S_BAR_END);
  const lines = [
    bar(),
    frame.title,
    ...frame.body.map((line) => `${active}  ${line}`.trimEnd()),
    active,
    ...note.map((line, index) => `${index === 0 ? end : ' '}  ${line}`),
  ];
  return lines.map((line) => clip(line, width));
}

/** A question with its answer. */
export function answeredFrame(
  message: string,
  answer: string,
  output: NodeJS.WriteStream,
): string[] {
  const lines = [
    bar(),
    `${symbol('submit')}  ${message}`,
    `${bar()}  ${styleText('dim', printable(answer))}`,
  ];
  return lines.map((line) => clip(line, frameWidth(output)));
}

/** A question that was cancelled. */
export function cancelledFrame(message: string): string[] {
  return [bar(), `${symbol('cancel')}  ${message}`, bar()];
}

/** The options that fit on the screen, around the cursor. */
export function optionLines(
  options: readonly Option[],
  cursor: number,
  mark: (option: Option, active: boolean) => string,
  output: NodeJS.WriteStream,
  otherRows: number,
): string[] {
  const width = Math.max(...options.map(({ label }) => columns(label)));
  const room = frameWidth(output) - 3;
  const style = (option: Option, active: boolean) =>
    option.disabled
      ? blockedLines(option, width, room)
      : clip(optionLine(option, width, active, mark(option, active)), room);
  return limitOptions({
    options,
    cursor,
    style,
    output,
    rowPadding: otherRows + 4,
    columnPadding: 3,
  });
}

function optionLine(option: Option, width: number, active: boolean, mark: string): string {
  const { label, hint } = option;
  const space = ' '.repeat(Math.max(0, width - columns(label)) + 2);
  const text = active ? label : styleText('dim', label);
  return `${mark} ${text}${hint === '' ? '' : styleText('dim', space + hint)}`;
}

/** An option that cannot be chosen, and why: beside it, or below where that is too long. */
function blockedLines({ label, hint }: Option, width: number, room: number): string {
  const off = `${S_OFF} ${styleText('strikethrough', label)}`;
  const space = ' '.repeat(Math.max(0, width - columns(label)) + 2);
  const beside = width + 4 + columns(hint) <= room;
  const lines = beside
    ? [`${off}${space}${hint}`]
    : [off, ...wrap(hint, room - 4).map((line) => `    ${line}`)];
  return lines.map((line) => styleText('gray', clip(line, room))).join('\n');
}

/** Text of a person as one line: line breaks and control characters must not disturb the frame. */
export function printable(text: string): string {
  return text.replace(/\r?\n/g, '⏎').replace(/\p{Cc}/gu, '·');
}

/** What an empty input stands for, with the cursor on its first character. */
export function ghost(text: string): string {
  return styleText('inverse', text.charAt(0)) + styleText('dim', text.slice(1));
}

/** Breaks a sentence into lines of at most `width` columns. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && columns(longer) <= width) lines.splice(-1, 1, longer);
    else lines.push(word);
  }
  return lines;
}

/** Cuts a styled line to a number of columns. */
function clip(line: string, width: number): string {
  if (columns(stripVTControlCharacters(line)) <= width) return line;
  let result = '';
  let used = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are passed through
  for (const part of line.match(/\u001b\[[\d;]*m|./gsu) ?? []) {
    if (part.startsWith('\u001b')) result += part;
    else if (used + columns(part) < width) {
      result += part;
      used += columns(part);
    } else used = width;
  }
  return `${result}…`;
}
