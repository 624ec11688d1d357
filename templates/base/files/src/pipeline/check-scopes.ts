import { isScope } from './scope.js';

interface Scoped {
  readonly name: string;
  readonly scopes?: readonly string[];
}

/** @throws {TypeError} when no token could carry a scope that something here asks for. */
export function checkScopes({ name, scopes = [] }: Scoped): void {
  const wrong = scopes.find((scope) => !isScope(scope));
  if (wrong === undefined) return;
  const shown = JSON.stringify(wrong);
  throw new TypeError(`${name}: ${shown} is not a scope; use ASCII without blanks, " and \\.`);
}
