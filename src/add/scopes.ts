import type { Problem } from '../errors.js';

/** The help text of `--scope`. */
export const SCOPE_HELP = 'scope that a caller needs, for example orders:read';

const EXAMPLE = 'For example --scope orders:read.';
const MAX_LENGTH = 128;
/** What OAuth allows in a scope, without what separates scopes or stands for more in lists of API keys and policies. */
const SCOPE = /^[!#-)+\-.-<>-[\]-~]+$/;

/**
 * Reads `--scope` values, each one scope or several separated by commas. A scope that comes twice counts once.
 * Returns every problem of every scope.
 */
export function parseScopes(texts: readonly string[]): { scopes: string[]; problems: Problem[] } {
  const all = texts.flatMap((text) => text.split(',')).map((text) => text.trim());
  const problems = [...new Set(all)].flatMap((scope) => {
    const problem = problemOf(scope);
    return problem === null ? [] : [{ message: problem, hint: EXAMPLE }];
  });
  return { scopes: [...new Set(all)], problems };
}

function problemOf(scope: string): string | null {
  if (scope === '') return 'A scope is empty.';
  const shown = JSON.stringify(scope.length > 60 ? `${scope.slice(0, 57)}...` : scope);
  if (scope.includes('*'))
    return `The scope ${shown} contains *: a scope is one name, not a pattern.`;
  if (/\s/.test(scope)) return `The scope ${shown} contains a space: separate scopes with commas.`;
  if (scope.length > MAX_LENGTH)
    return `The scope ${shown} is longer than ${MAX_LENGTH} characters.`;
  if (SCOPE.test(scope)) return null;
  return `The scope ${shown} is not valid: use ASCII letters, digits and punctuation, except " \\ and =.`;
}
