/**
 * Import order as Biome's `organizeImports` wants it (biomejs.dev/assist/actions/organize-imports), so that imports
 * can come from several slots. Learned from Biome 2.6 itself; test/unit/plan-imports.test.ts compares the two.
 */
interface Statement {
  /** Comment lines right above; they move with it. */
  readonly comments: readonly string[];
  readonly keyword: 'import' | 'export';
  readonly type: boolean;
  /** What stands before the braces: `* as x`, a default import, or nothing. */
  readonly head: string;
  /** The names in braces; null when there are none. */
  readonly names: readonly string[] | null;
  readonly source: string;
  /** ` with { … }`, or nothing. */
  readonly attributes: string;
  /** What follows the semicolon. */
  readonly tail: string;
}

const STATEMENT =
  /^(import|export) (type )?(?!type\b)([^{}'"]*?)(?:,? ?\{([^{}]*)\})? from (['"][^'"]+['"])( with \{[^}]*\})?;(.*)$/;
const LINE_WIDTH = 100;

/**
 * Sorts the imports, and the re-exports, at the top of a TypeScript module; those of one source are merged where the
 * formatter would. A side-effect import or a comment that stands alone ends a group. Everything from the first
 * other statement on is left as it is.
 */
export function sortImports(text: string): string {
  const lines = text.split('\n');
  const output: string[] = [];
  let group: Statement[] = [];
  let comments: string[] = [];
  let index = 0;

  let gap = false;
  /** The first statement of a file whose comment, right above, is about the file. */
  let header: Statement | null = null;

  const endGroup = () => {
    if (group.length === 0) return;
    const sorted = merge([...group].sort(compareStatements));
    // The comment stays; a gap shows that it is not about what now follows.
    if (header !== null && sorted[0] !== header) output.push('');
    output.push(...sorted.flatMap((item) => [...item.comments, ...print(item)]));
    if (gap) output.push('');
    header = null;
    group = [];
  };

  while (index < lines.length) {
    const line = lines[index] ?? '';
    const commentEnd = endOfComment(lines, index);
    if (commentEnd > index) {
      comments.push(...lines.slice(index, commentEnd));
      index = commentEnd;
      continue;
    }
    if (line === '') {
      if (comments.length > 0) {
        endGroup();
        output.push(...comments);
        comments = [];
        gap = false;
      }
      if (group.length > 0) gap = true;
      else output.push('');
      index += 1;
      continue;
    }
    const end = endOfStatement(lines, index);
    const statement = parseStatement(lines.slice(index, end), comments);
    if (statement === null) {
      endGroup();
      output.push(...comments);
      if (!/^import ['"]/.test(line)) {
        output.push(...lines.slice(index));
        return output.join('\n');
      }
      output.push(line);
      index += 1;
    } else {
      const first = group[0];
      if (first !== undefined && first.keyword !== statement.keyword) endGroup();
      if (output.length === 0 && group.length === 0 && comments.length > 0) {
        output.push(...comments);
        header = { ...statement, comments: [] };
        group.push(header);
      } else group.push(statement);
      index = end;
    }
    comments = [];
    gap = false;
  }
  endGroup();
  return [...output, ...comments].join('\n');
}

/** The index after a comment that starts at `index`; `index` itself when none does. */
function endOfComment(lines: readonly string[], index: number): number {
  const line = lines[index] ?? '';
  if (line.startsWith('//') || line.startsWith('#!')) return index + 1;
  if (!line.startsWith('/*')) return index;
  let end = index;
  while (end < lines.length && !(lines[end] ?? '').includes('*/')) end += 1;
  return end + 1;
}

/** The index after the statement at `index`: one line, or up to the brace that closes its list. */
function endOfStatement(lines: readonly string[], index: number): number {
  if (!/^(?:import|export)\b[^}]*\{[^}]*$/.test(lines[index] ?? '')) return index + 1;
  const close = lines.findIndex((line, at) => at > index && line.startsWith('}'));
  return close === -1 ? index + 1 : close + 1;
}

function parseStatement(lines: readonly string[], comments: readonly string[]): Statement | null {
  const text = lines.map((line, at) => (at === 0 ? line : line.trim())).join(' ');
  const match = STATEMENT.exec(text);
  if (!match || /\/[/*]/.test(match[4] ?? '')) return null;
  const [, keyword, type, head = '', names, quoted = '', attributes = '', tail = ''] = match;
  return {
    comments,
    keyword: keyword === 'import' ? 'import' : 'export',
    type: type !== undefined,
    head: head.trim(),
    names: names === undefined ? null : sortNames(names.split(','), keyword),
    source: quoted.slice(1, -1),
    attributes,
    tail,
  };
}

/** Imports by the local name, exports by the name in the other module. */
function sortNames(names: readonly string[], keyword: string | undefined): string[] {
  const key = (name: string) => {
    const [theirs = '', ours = theirs] = name.replace(/^type /, '').split(' as ');
    return keyword === 'import' ? ours : theirs;
  };
  const found = new Set(names.map((name) => name.trim()).filter((name) => name !== ''));
  return [...found].sort((a, b) => compareNatural(key(a), key(b)));
}

/** Neighbours that import names from the same source become one. */
function merge(sorted: readonly Statement[]): Statement[] {
  const merged: Statement[] = [];
  for (const item of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && canMerge(last, item)) {
      const names = sortNames([...(last.names ?? []), ...(item.names ?? [])], last.keyword);
      merged[merged.length - 1] = { ...last, names };
    } else merged.push(item);
  }
  return merged;
}

function canMerge(a: Statement, b: Statement): boolean {
  return (
    a.keyword === b.keyword &&
    a.source === b.source &&
    a.type === b.type &&
    a.attributes === b.attributes &&
    a.tail === '' &&
    b.tail === '' &&
    b.comments.length === 0 &&
    // A default import takes names in; two type imports with a default cannot be one (TypeScript forbids it).
    (b.head === '' || b.head === a.head) &&
    (a.head === '' || !(a.head.startsWith('*') || a.type)) &&
    (b.names !== null || b.head === a.head)
  );
}

function print(item: Statement): string[] {
  const start = `${item.keyword} ${item.type ? 'type ' : ''}`;
  const end = ` from '${item.source}'${item.attributes};`;
  if (item.names === null) return [`${start}${item.head}${end}${item.tail}`];
  const head = item.head === '' ? '' : `${item.head}, `;
  const braces = item.names.length === 0 ? '{}' : `{ ${item.names.join(', ')} }`;
  const line = `${start}${head}${braces}${end}`;
  if (line.length <= LINE_WIDTH || item.names.length < 2) return [line + item.tail];
  const names = item.names.map((name) => `  ${name},`);
  return [`${start}${head}{`, ...names, `}${end}${item.tail}`];
}

function compareStatements(a: Statement, b: Statement): number {
  return (
    category(a.source) - category(b.source) ||
    pathRank(a.source) - pathRank(b.source) ||
    compareNatural(a.source, b.source) ||
    Number(a.attributes === '') - Number(b.attributes === '') ||
    Number(b.type) - Number(a.type) ||
    headRank(a) - headRank(b)
  );
}

/** URLs, then `node:` and the like, packages, aliases, paths. */
function category(source: string): number {
  if (/^[a-z]+:\/\//.test(source)) return 0;
  if (/^[a-z]+:/.test(source)) return 1;
  if (/^(?:@[\w-]|[\w-])/.test(source)) return 2;
  return /^[./]/.test(source) ? 4 : 3;
}

/** Farther paths come first. */
function pathRank(source: string): number {
  if (source.startsWith('/')) return 0;
  return source.startsWith('..') ? 1 : 2;
}

function headRank(statement: Statement): number {
  if (statement.head.startsWith('*')) return 0;
  return statement.head === '' ? 2 : 1;
}

const PUNCTUATION = '/#@:._-+$~';

/** Character by character: punctuation, numbers by value, letters as `A a B b …`. */
function compareNatural(a: string, b: string): number {
  const left = a.match(/\d+|\D/g) ?? [];
  const right = b.match(/\d+|\D/g) ?? [];
  for (let index = 0; index < left.length && index < right.length; index += 1) {
    const difference = compareToken(left[index] ?? '', right[index] ?? '');
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function compareToken(a: string, b: string): number {
  if (/^\d/.test(a) && /^\d/.test(b)) return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
  return weight(a) - weight(b);
}

function weight(token: string): number {
  const punctuation = PUNCTUATION.indexOf(token);
  if (punctuation >= 0) return punctuation;
  if (/^\d/.test(token)) return PUNCTUATION.length;
  const lower = token.toLowerCase();
  return 1000 + 2 * lower.charCodeAt(0) + (token === lower ? 1 : 0);
}
