/** How a kind of SQL writes what does not end a statement. */
export interface Dialect {
  /** PostgreSQL: `$$ … $$` and `$tag$ … $tag$`. */
  readonly dollarQuotes: boolean;
  /** MySQL: `\'` in a text, and comments that begin with `#`. */
  readonly backslashes: boolean;
  readonly hashComments: boolean;
  /** PostgreSQL: comments in comments. */
  readonly nestedComments: boolean;
  /** SQLite, MySQL: the body of a trigger is `BEGIN … END`. */
  readonly bodies: boolean;
}

export const POSTGRES: Dialect = {
  dollarQuotes: true,
  backslashes: false,
  hashComments: false,
  nestedComments: true,
  bodies: false,
};
export const SQLITE: Dialect = {
  dollarQuotes: false,
  backslashes: false,
  hashComments: false,
  nestedComments: false,
  bodies: true,
};
export const MYSQL: Dialect = {
  dollarQuotes: false,
  backslashes: false,
  hashComments: true,
  nestedComments: false,
  bodies: true,
};

export interface StatementText {
  readonly text: string;
  /** The line of the file, counted from 1, on which it begins. */
  readonly line: number;
}

const SPACE_OR_COMMENT = /^(?:\s+|--[^\n]*|\/\*[\s\S]*?\*\/|#[^\n]*)/;

/** The statements of a script, without the semicolons between them. Comments before a statement are not part of it. */
export function splitStatements(script: string, dialect: Dialect): StatementText[] {
  const statements: StatementText[] = [];
  let start = 0;
  const take = (end: number) => {
    const from = start + leadingBlank(script.slice(start, end), dialect);
    const text = script.slice(from, end).trimEnd();
    if (text !== '') statements.push({ text, line: lineAt(script, from) });
    start = end + 1;
  };
  let body = new Body(dialect.bodies);
  for (let at = 0; at < script.length; ) {
    const end = skip(script, at, dialect);
    if (end > at) {
      at = end;
      continue;
    }
    const word = /^[A-Za-z_][\w$]*/.exec(script.slice(at, at + 64))?.[0];
    if (word !== undefined) {
      body.see(word.toUpperCase());
      at += word.length;
      continue;
    }
    if (script[at] === ';' && !body.isOpen) {
      take(at);
      body = new Body(dialect.bodies);
    }
    at += 1;
  }
  take(script.length);
  return statements;
}

/** The index after the quoted text or comment that begins at `at`, or `at`. */
function skip(script: string, at: number, dialect: Dialect): number {
  const two = script.slice(at, at + 2);
  const [one = ''] = two;
  if (two === '--' || (one === '#' && dialect.hashComments)) return indexAfter(script, '\n', at);
  if (two === '/*') return skipComment(script, at, dialect.nestedComments);
  if (one === "'" || one === '"' || one === '`') return skipQuoted(script, at, one, dialect);
  if (one === '[' && dialect.bodies && !dialect.hashComments) return indexAfter(script, ']', at);
  if (one === '$' && dialect.dollarQuotes && !/\w/.test(script[at - 1] ?? '')) {
    const tag = /^\$(?:[A-Za-z_]\w*)?\$/.exec(script.slice(at, at + 128))?.[0];
    if (tag !== undefined) return indexAfter(script, tag, at + tag.length);
  }
  return at;
}

function skipComment(script: string, at: number, nested: boolean): number {
  if (!nested) return indexAfter(script, '*/', at + 2);
  let depth = 1;
  for (let next = at + 2; next < script.length; next += 1) {
    const two = script.slice(next, next + 2);
    if (two === '/*') depth += 1;
    else if (two === '*/') depth -= 1;
    else continue;
    next += 1;
    if (depth === 0) return next + 1;
  }
  return script.length;
}

/** A doubled quote is two quoted texts beside each other, which ends at the same place. */
function skipQuoted(script: string, at: number, quote: string, dialect: Dialect): number {
  const before = script.slice(Math.max(0, at - 2), at);
  const escapes = quote !== '`' && (dialect.backslashes || isEscapeText(before, dialect));
  for (let next = at + 1; next < script.length; next += 1) {
    if (escapes && script[next] === '\\') next += 1;
    else if (script[next] === quote) return next + 1;
  }
  return script.length;
}

/** PostgreSQL: `E'…'`. */
function isEscapeText(before: string, { dollarQuotes }: Dialect): boolean {
  return dollarQuotes && /(?:^|[^\w$])[eE]$/.test(before);
}

function indexAfter(script: string, text: string, from: number): number {
  const found = script.indexOf(text, from);
  return found === -1 ? script.length : found + text.length;
}

/** The blocks of a trigger, a procedure, a function or an event that are open: semicolons in them end no statement of ours. */
class Body {
  readonly #words: string[] = [];
  readonly #open: string[] = [];
  #closed: string | undefined;

  constructor(private readonly hasBodies: boolean) {}

  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  see(word: string): void {
    if (!this.hasBodies) return;
    // What defines a body says so in its first words: CREATE OR REPLACE DEFINER = CURRENT_USER PROCEDURE …
    if (this.#words.length < 12) this.#words.push(word);
    if (!this.#definesBody()) return;
    const justClosed = this.#closed;
    this.#closed = undefined;
    if (word === 'END') this.#closed = this.#open.pop();
    else if (justClosed !== undefined && /^(IF|LOOP|WHILE|REPEAT)$/.test(word)) {
      // It was the end of a block that is not counted.
      this.#open.push(justClosed);
    } else if (word === 'BEGIN' || (word === 'CASE' && justClosed === undefined)) {
      this.#open.push(word);
    }
  }

  #definesBody(): boolean {
    return (
      this.#words[0] === 'CREATE' &&
      this.#words.some((word) => /^(TRIGGER|PROCEDURE|FUNCTION|EVENT)$/.test(word))
    );
  }
}

function leadingBlank(text: string, dialect: Dialect): number {
  let length = 0;
  for (;;) {
    const rest = text.slice(length);
    const [blank] = SPACE_OR_COMMENT.exec(rest) ?? [''];
    if (blank === '' || (blank.startsWith('#') && !dialect.hashComments)) return length;
    length += blank.length;
  }
}

function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < index; at = text.indexOf('\n', at + 1)) {
    line += 1;
  }
  return line;
}
