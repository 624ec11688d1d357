/** Who is calling. */
export interface Principal {
  readonly id: string;
  /** `*` stands for every scope. */
  readonly scopes: readonly string[];
  /** What its credentials say it is, for the policy. */
  readonly roles?: readonly string[];
  /** Everything else that they say. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Who vouches for the caller, and under which name: together they are unique. */
  readonly issuer?: string;
  readonly subject?: string;
}

/** The scopes out of `required` that the principal does not have. */
export function missingScopes(principal: Principal, required: readonly string[]): string[] {
  if (principal.scopes.includes('*')) return [];
  return required.filter((scope) => !principal.scopes.includes(scope));
}

/**
 * What a claim says. A name that no claim has is a path: `realm_access.roles`, `https://a.example/meta.level`.
 * @param claims those of a verified token
 */
export function claimAt(claims: unknown, name: string): unknown {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return undefined;
  if (Object.hasOwn(claims, name)) return (claims as Record<string, unknown>)[name];
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    const outer = name.slice(0, dot);
    if (!Object.hasOwn(claims, outer)) continue;
    const value = claimAt((claims as Record<string, unknown>)[outer], name.slice(dot + 1));
    if (value !== undefined) return value;
  }
  return undefined;
}

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
