/** How a kind of SQL writes what does not end a statement. */
export interface Dialect {
  /** PostgreSQL: `$$ … $$` and `$tag$ … $tag$`. */
  readonly dollarQuotes: boolean;
  /** MySQL: comments that begin with `#`, `/*!…` that is code, and `--` that needs a blank. */
  readonly hashComments: boolean;
  /** PostgreSQL: comments in comments. */
  readonly nestedComments: boolean;
}

export const POSTGRES: Dialect = {
  dollarQuotes: true,
  hashComments: false,
  nestedComments: true,
};
export const SQLITE: Dialect = {
  dollarQuotes: false,
  hashComments: false,
  nestedComments: false,
};
export const MYSQL: Dialect = {
  dollarQuotes: false,
  hashComments: true,
  nestedComments: false,
};

export interface StatementText {
  readonly text: string;
  /** The line of the file, counted from 1, on which it begins. */
  readonly line: number;
}

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
  let body = new Body();
  for (let at = 0; at < script.length; ) {
    const end = skip(script, at, dialect);
    if (end > at) {
      at = end;
      continue;
    }
    const word = /^[A-Za-z_][\w$]*/.exec(script.slice(at, at + 64))?.[0];
    if (word !== undefined) {
      // `NEW.end` is a column.
      if (script[at - 1] !== '.') body.see(word.toUpperCase());
      at += word.length;
      continue;
    }
    if (script[at] === '(') body.open();
    else if (script[at] === ')') body.close();
    else if (script[at] === ';') body.pass();
    if (script[at] === ';' && !body.isOpen) {
      take(at);
      body = new Body();
    }
    at += 1;
  }
  take(script.length);
  return statements;
}

/** The index after the quoted text or comment that begins at `at`, or `at`. */
function skip(script: string, at: number, dialect: Dialect): number {
  const comment = skipBlankComment(script, at, dialect);
  if (comment > at) return comment;
  const one = script[at] ?? '';
  if (one === "'" || one === '"' || one === '`') return skipQuoted(script, at, one, dialect);
  if (one === '[' && !dialect.dollarQuotes && !dialect.hashComments) {
    return indexAfter(script, ']', at);
  }
  if (one === '$' && dialect.dollarQuotes && !/[\p{L}\p{N}_$]/u.test(script[at - 1] ?? '')) {
    const tag = /^\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/u.exec(script.slice(at, at + 128))?.[0];
    if (tag !== undefined) return indexAfter(script, tag, at + tag.length);
  }
  return at;
}

/** The index after the comment that begins at `at`, or `at`. */
function skipBlankComment(script: string, at: number, dialect: Dialect): number {
  const two = script.slice(at, at + 2);
  if (two === '--' && (!dialect.hashComments || /^--(?:\s|$)/.test(script.slice(at, at + 3)))) {
    return indexAfter(script, '\n', at);
  }
  if (two[0] === '#' && dialect.hashComments) return indexAfter(script, '\n', at);
  // MySQL runs what is in such a comment.
  if (dialect.hashComments && /^\/\*M?!/.test(script.slice(at, at + 4))) return at;
  return two === '/*' ? skipComment(script, at, dialect.nestedComments) : at;
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
  const escapes = quote === "'" && isEscapeText(before, dialect);
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
  /** The first words of the statement, up to its first parenthesis. */
  readonly #words: string[] = [];
  readonly #open: string[] = [];
  #parentheses = 0;
  #hasParentheses = false;
  #closed: string | undefined;

  get isOpen(): boolean {
    return this.#open.length > 0 || this.#parentheses > 0;
  }

  open(): void {
    this.#hasParentheses = true;
    this.#parentheses += 1;
  }

  close(): void {
    this.#parentheses = Math.max(0, this.#parentheses - 1);
  }

  /** A semicolon. */
  pass(): void {
    this.#closed = undefined;
  }

  see(word: string): void {
    // What defines a body says so in its first words: CREATE OR REPLACE DEFINER = CURRENT_USER PROCEDURE …
    if (!this.#hasParentheses && this.#words.length < 12) this.#words.push(word);
    if (!this.#definesBody()) return;
    const justClosed = this.#closed;
    this.#closed = undefined;
    if (word === 'END') this.#closed = this.#open.pop();
    else if (justClosed !== undefined && /^(IF|LOOP|WHILE|REPEAT|FOR)$/.test(word)) {
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
  let at = 0;
  for (;;) {
    const next = skipBlankComment(text, at, dialect);
    if (next > at) at = next;
    else if (/\s/.test(text[at] ?? '')) at += 1;
    else return at;
  }
}

function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < index; at = text.indexOf('\n', at + 1)) {
    line += 1;
  }
  return line;
}
