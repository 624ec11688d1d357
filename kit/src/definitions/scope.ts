/** What OAuth allows in a scope (RFC 6749, section 3.3). */
const SCOPE = /^[!#-[\]-~]+$/;

/** Whether a text is one scope. Only then can a token carry it, and a challenge name it. */
export function isScope(text: string): boolean {
  return SCOPE.test(text);
}

/**
 * The same definition.
 * @throws {TypeError} when no token could carry a scope that it asks for.
 */
export function withScopes<
  T extends { readonly name: string; readonly scopes?: readonly string[] },
>(definition: T): T {
  const { name, scopes = [] } = definition;
  const wrong = scopes.find((scope) => !isScope(scope));
  if (wrong === undefined) return definition;
  const shown = JSON.stringify(wrong);
  throw new TypeError(`${name}: ${shown} is not a scope; use ASCII without blanks, " and \\.`);
}
