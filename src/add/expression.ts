/** A printer for the few TypeScript expressions that blueprints need, broken over lines as Biome would do it. */
import { columns } from '../text/columns.js';

export type Expression = Text | List | ObjectLiteral | Chain;

interface Text {
  readonly kind: 'text';
  readonly text: string;
}

interface List {
  readonly kind: 'list';
  readonly items: readonly Expression[];
  /** Numbers fill their lines; anything else has a line each. */
  readonly numbers: boolean;
}

interface ObjectLiteral {
  readonly kind: 'object';
  readonly entries: readonly Property[];
  /** Always with a line for each entry. */
  readonly open: boolean;
}

export type Property = readonly [key: string, value: Expression];

/** `z.int().default(20)`, or `callTool(app, 'x')` as a chain of one call without a name. */
interface Chain {
  readonly kind: 'chain';
  readonly head: string;
  readonly calls: readonly Call[];
}

export interface Call {
  readonly name: string;
  readonly args: readonly Expression[];
}

const LINE_WIDTH = 100;

export const text = (value: string): Text => ({ kind: 'text', text: value });

export const object = (entries: readonly Property[], open = false): ObjectLiteral => ({
  kind: 'object',
  entries,
  open,
});

/**
 * The expression as source text. `indent` is the indentation of the line it starts on, `before` and `after` the columns
 * that the rest of that line takes (`key: ` and `,`).
 */
export function print(expression: Expression, indent: number, before = 0, after = 1): string {
  const oneLine = flat(expression);
  const fits = indent + before + columns(oneLine) + after <= LINE_WIDTH;
  if (isAtom(expression) || (fits && !alwaysBreaks(expression))) return oneLine;
  switch (expression.kind) {
    case 'text':
      return expression.text;
    case 'list':
      return `[\n${listBody(expression, indent + 2)}\n${pad(indent)}]`;
    case 'object':
      return `{\n${objectBody(expression, indent + 2)}\n${pad(indent)}}`;
    case 'chain':
      return printChain(expression, indent, before, after);
  }
}

/** The expression on one line. */
function flat(expression: Expression): string {
  switch (expression.kind) {
    case 'text':
      return expression.text;
    case 'list':
      return `[${expression.items.map(flat).join(', ')}]`;
    case 'object': {
      const entries = expression.entries.map(([key, value]) => `${key}: ${flat(value)}`);
      return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
    }
    case 'chain':
      return expression.head + expression.calls.map(flatCall).join('');
  }
}

const callee = ({ name }: Call): string => (name === '' ? '' : `.${name}`);
const flatCall = (call: Call): string => `${callee(call)}(${call.args.map(flat).join(', ')})`;
const pad = (indent: number): string => ' '.repeat(indent);

/** What has no place to break. */
function isAtom(expression: Expression): boolean {
  if (expression.kind === 'list') return expression.items.length === 0;
  return expression.kind === 'object'
    ? expression.entries.length === 0
    : expression.kind === 'text';
}

/** What formatters break although it fits: open objects, and three calls of which one takes a call with arguments. */
function alwaysBreaks(expression: Expression): boolean {
  if (expression.kind === 'object') return expression.open && expression.entries.length > 0;
  if (expression.kind !== 'chain') return false;
  const args = expression.calls.flatMap((call) => call.args);
  const isNested = (arg: Expression) =>
    arg.kind === 'chain' && arg.calls.some((call) => call.args.length > 0);
  return args.some(alwaysBreaks) || (expression.calls.length > 2 && args.some(isNested));
}

/** One call stays at its head; several go on a line each. */
function printChain({ head, calls }: Chain, indent: number, before: number, after: number): string {
  const [first, ...more] = calls;
  if (first && more.length === 0) {
    return head + printCall(first, indent, before + columns(head), after);
  }
  const lines = calls.map((call, index) => {
    const last = index === calls.length - 1;
    return pad(indent + 2) + printCall(call, indent + 2, 0, last ? after : 0);
  });
  return [head, ...lines].join('\n');
}

/** All arguments on one line, or all but a list or object at the end, or a line for each. */
function printCall(call: Call, indent: number, before: number, after: number): string {
  const { args } = call;
  const oneLine = flatCall(call);
  const fits = indent + before + columns(oneLine) + after <= LINE_WIDTH;
  if (args.length === 0 || (fits && !args.some(alwaysBreaks))) return oneLine;

  const last = args.at(-1);
  const start = [`${callee(call)}(`, ...args.slice(0, -1).map((arg) => `${flat(arg)}, `)].join('');
  const startFits = indent + before + columns(start) + 1 <= LINE_WIDTH;
  if (last && (last.kind === 'list' || last.kind === 'object') && !isAtom(last) && startFits) {
    return `${start}${print(last, indent, LINE_WIDTH)})`;
  }
  const lines = args.map((arg) => `${pad(indent + 2)}${print(arg, indent + 2)},`);
  return `${callee(call)}(\n${lines.join('\n')}\n${pad(indent)})`;
}

function objectBody({ entries }: ObjectLiteral, indent: number): string {
  return entries
    .map(([key, value]) => `${pad(indent)}${key}: ${print(value, indent, key.length + 2)},`)
    .join('\n');
}

function listBody({ items, numbers }: List, indent: number): string {
  if (!numbers) return items.map((item) => `${pad(indent)}${print(item, indent)},`).join('\n');
  const lines: string[] = [];
  let line = '';
  for (const item of items.map((entry) => `${flat(entry)},`)) {
    if (line !== '' && indent + line.length + 1 + item.length > LINE_WIDTH) {
      lines.push(line);
      line = item;
    } else line = line === '' ? item : `${line} ${item}`;
  }
  return [...lines, line].map((part) => pad(indent) + part).join('\n');
}
