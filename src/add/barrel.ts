/** `index.ts` of a folder of primitives: one `export { x } from './x.js';` line each, or `export {};`. Only ever inserted into. */
import { CliError, ExitCode } from '../errors.js';

interface ExportLine {
  /** Where the line starts, or the comments that belong to it. */
  readonly start: number;
  readonly source: string;
  readonly names: readonly string[];
}

export interface Barrel {
  /** Without the line that says that nothing is exported. */
  readonly text: string;
  /** How its lines end. */
  readonly eol: string;
  /** Runs of lines that a formatter sorts on their own; a comment followed by a blank line ends one. */
  readonly groups: readonly (readonly ExportLine[])[];
  readonly names: readonly string[];
}

const EXPORT_LINE =
  /^export\s*\{\s*([\w$]+(?:\s+as\s+[\w$]+)?(?:\s*,\s*[\w$]+(?:\s+as\s+[\w$]+)?)*)\s*,?\s*\}\s*from\s*(['"])(\.\/[^'"\\]+)\2\s*;?\s*(?:\/\/.*|\/\*(?:(?!\*\/).)*\*\/)?\s*$/;

/** What makes a file without exports a module. */
const EMPTY = /^export\s*\{\s*\}\s*;?[ \t]*(?:\r?\n|$)/m;

/**
 * Reads a barrel.
 * @param file how the file is named in messages
 * @throws CliError with file and line when there is anything else in it than exports, comments and blank lines.
 */
export function parseBarrel(whole: string, file: string): Barrel {
  const text = whole.replace(EMPTY, '');
  const groups: ExportLine[][] = [[]];
  let commentStart: number | null = null;
  let inBlockComment = false;
  for (const { line, start, number } of lines(text)) {
    if (inBlockComment || /^(?:\/\/|\/\*)/.test(line)) {
      const isBlock: boolean = inBlockComment || line.startsWith('/*');
      const end: number = isBlock ? line.indexOf('*/', inBlockComment ? 0 : 2) : -1;
      if (isBlock && end >= 0 && line.slice(end + 2).trim() !== '')
        throw unexpected(file, number, line);
      inBlockComment = isBlock && end < 0;
      commentStart ??= start;
    } else if (line === '') {
      if (commentStart !== null) groups.push([]);
      commentStart = null;
    } else {
      const match = EXPORT_LINE.exec(line);
      if (!match) throw unexpected(file, number, line);
      const names = (match[1] ?? '')
        .split(',')
        .map((name) => name.trim().split(/\s+/).at(-1) ?? '');
      groups.at(-1)?.push({ start: commentStart ?? start, source: match[3] ?? '', names });
      commentStart = null;
    }
  }
  if (inBlockComment) {
    throw new CliError(ExitCode.failed, [
      {
        message: `${file} ends inside a comment.`,
        hint: 'Close the comment, then run this again.',
      },
    ]);
  }
  const eol = /\r?\n/.exec(whole)?.[0] ?? '\n';
  return { text, eol, groups, names: groups.flat().flatMap((line) => line.names) };
}

/**
 * The barrel's text with one more line, nothing else changed. The line goes where Biome would sort it when its group
 * is sorted, else to the end.
 */
export function insertExport(barrel: Barrel, identifier: string, file: string): string {
  const { text, eol } = barrel;
  const source = `./${file}.js`;
  const line = `export { ${identifier} } from '${source}';`;
  const group = barrel.groups.findLast((lines) => lines.length > 0) ?? [];
  const sorted = group.every(
    (entry, i) => compareSources(group[i - 1]?.source ?? '', entry.source) <= 0,
  );
  const next = sorted ? group.find((entry) => compareSources(entry.source, source) > 0) : undefined;
  if (next) return `${text.slice(0, next.start)}${line}${eol}${text.slice(next.start)}`;
  const separator = text.replace('\uFEFF', '') === '' || text.endsWith('\n') ? '' : eol;
  return `${text}${separator}${line}${eol}`;
}

/** Biome's order of `organizeImports` for files of one folder: by name without extension, numbers by value. */
export function compareSources(a: string, b: string): number {
  const [left, right] = [tokens(a), tokens(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x = '', y = ''] = [left[i], right[i]];
    const order = /^\d/.test(x) && /^\d/.test(y) ? Number(x) - Number(y) : 0;
    if (order !== 0) return order;
    if (x !== y) return rank(x) < rank(y) ? -1 : 1;
  }
  return left.length - right.length;
}

/** `_` and `-` come first, then digits, then letters: `a` before `B`, `B` before `b`. */
const rank = (token: string): string =>
  ({ _: ' ', '-': '!' })[token] ?? `${token.toLowerCase()}${token}`;

const tokens = (source: string): string[] => source.replace(/\.[a-z]+$/, '').match(/\d+|\D/g) ?? [];

function* lines(text: string): Generator<{ line: string; start: number; number: number }> {
  let start = text.startsWith('\uFEFF') ? 1 : 0;
  for (const [index, raw] of text.slice(start).split('\n').entries()) {
    yield { line: raw.trim(), start, number: index + 1 };
    start += raw.length + 1;
  }
}

function unexpected(file: string, line: number, found: string): CliError {
  const shown = found.length > 60 ? `${found.slice(0, 57)}...` : found;
  return new CliError(ExitCode.failed, [
    {
      message: `${file}:${line} is not an export line: ${shown}`,
      hint: "This file may contain only lines like: export { searchOrders } from './search-orders.js'; Move other code to another file. Nothing was changed.",
    },
  ]);
}
