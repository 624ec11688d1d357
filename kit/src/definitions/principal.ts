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
