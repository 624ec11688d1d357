/** What a TypeScript module imports, read from its text. Needs no parser at run time: the release carries none. */

/** Comments, strings, words, numbers, white space, and everything else one character at a time. */
const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"|[\p{L}_$#][\p{L}\p{N}_$]*|\d[\w.]*|\s+|[\s\S]/uy;
const REGULAR_EXPRESSION = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** The text of a template up to its end, or to where an expression begins. */
const TEMPLATE_PART = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;
/** After one of these words a slash begins a regular expression, not a division. */
const OPERATORS = new Set(
  'return typeof instanceof in of new delete void throw case do else await yield'.split(' '),
);

/**
 * The specifiers of all imports and re-exports, in order: static ones, for their types alone or for their effects,
 * and lazy ones of a fixed text, in code and in types. Text in comments, strings and templates does not count.
 */
export function moduleSpecifiers(text: string): string[] {
  const tokens = tokenize(text);
  const found: string[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at];
    if ((token !== 'import' && token !== 'export') || tokens[at - 1] === '.') continue;
    const specifier =
      token === 'import' ? specifierOfImport(tokens, at) : specifierOfExport(tokens, at);
    if (specifier !== null) found.push(specifier);
  }
  return found;
}

/** The file behind a specifier: `./a.js` is `./a.ts` on disk. */
export function sourceOf(specifier: string): string {
  return specifier.replace(/\.js$/, '.ts');
}

function specifierOfImport(tokens: readonly string[], at: number): string | null {
  const next = tokens[at + 1] ?? '';
  if (isString(next)) return unquoted(next);
  if (next === '(') {
    const argument = tokens[at + 2] ?? '';
    return isString(argument) && /^[),]$/.test(tokens[at + 3] ?? '') ? unquoted(argument) : null;
  }
  return /^[\p{L}_${*]/u.test(next) ? specifierAfterFrom(tokens, at + 1) : null;
}

function specifierOfExport(tokens: readonly string[], at: number): string | null {
  const next = tokens[at + 1] === 'type' ? at + 2 : at + 1;
  const first = tokens[next];
  if (first === '*') return specifierAfterFrom(tokens, next);
  if (first !== '{') return null;
  const end = tokens.indexOf('}', next);
  return end > 0 && tokens[end + 1] === 'from' ? specifierAfterFrom(tokens, end) : null;
}

/** `from` can be a name, too: it ends the clause where a string follows. */
function specifierAfterFrom(tokens: readonly string[], start: number): string | null {
  for (let at = start; at < tokens.length; at += 1) {
    const token = tokens[at] ?? '';
    // `import a = b` and the like: no clause goes on after these.
    if (/^[;=(:]$/.test(token)) return null;
    const next = tokens[at + 1] ?? '';
    if (token === 'from' && isString(next)) return unquoted(next);
  }
  return null;
}

/** The tokens that mean something. A template is the tokens of its expressions; a regular expression is one `/`. */
function tokenize(text: string): string[] {
  const tokens: string[] = [];
  /** For each open template the braces that are open in its expression. */
  const templates: number[] = [];
  let at = 0;

  const skipTemplatePart = () => {
    TEMPLATE_PART.lastIndex = at;
    const part = TEMPLATE_PART.exec(text)?.[0];
    at = part === undefined ? text.length : at + part.length;
    if (part?.endsWith('{')) templates.push(0);
  };

  while (at < text.length) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0] ?? '';
    const start = at;
    at += token.length;
    if (/^(?:\s|\/[/*])/.test(token)) continue;
    if (token === '`') {
      tokens.push('`');
      skipTemplatePart();
      continue;
    }
    if (token === '/' && beginsExpression(tokens.at(-1))) {
      REGULAR_EXPRESSION.lastIndex = start;
      at = start + (REGULAR_EXPRESSION.exec(text)?.[0].length ?? 1);
    }
    const open = templates.length - 1;
    if (open >= 0 && token === '{') templates[open] = (templates[open] ?? 0) + 1;
    if (open >= 0 && token === '}') {
      if (templates[open] === 0) {
        templates.pop();
        // What follows the template is not the start of an expression.
        tokens.push('`');
        skipTemplatePart();
        continue;
      }
      templates[open] = (templates[open] ?? 0) - 1;
    }
    tokens.push(token);
  }
  return tokens;
}

/** Whether an expression can begin after `token`, so that a slash there is not a division. */
function beginsExpression(token: string | undefined): boolean {
  if (token === undefined) return true;
  return OPERATORS.has(token) || !/[\p{L}\p{N}_$)\]}'"`]$/u.test(token);
}

function isString(token: string): boolean {
  return /^['"]/.test(token);
}

function unquoted(token: string): string {
  return token.slice(1, -1);
}
