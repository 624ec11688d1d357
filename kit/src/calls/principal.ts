/** Who is calling. */
export interface Principal {
  readonly id: string;
  /** `*` stands for every scope. */
  readonly scopes: readonly string[];
  {{> principal/fields}}
}

/** The scopes out of `required` that the principal does not have. */
export function missingScopes(principal: Principal, required: readonly string[]): string[] {
  if (principal.scopes.includes('*')) return [];
  return required.filter((scope) => !principal.scopes.includes(scope));
}
