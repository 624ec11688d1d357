import type { Access } from '../calls/services.js';
import { claimAt, type Principal } from '../definitions/principal.js';
import { plainUri } from './patterns.js';
import type { Role } from './schema.js';

/** Who may do what: the roles of `policy.yaml`. */
export class RolePolicy {
  readonly #byRoles = new Map<string, Access>();
  readonly #byPrincipal = new WeakMap<Principal, Access>();

  constructor(private readonly roles: ReadonlyMap<string, Role>) {}

  /** What this caller may do, the same object for all who have the same roles. Without a role: nothing. */
  accessOf(principal: Principal): Access {
    let access = this.#byPrincipal.get(principal);
    if (access === undefined) {
      const roles = [...this.roles].filter(([name, role]) => hasRole(principal, name, role));
      access = this.#accessOf(roles);
      this.#byPrincipal.set(principal, access);
    }
    return access;
  }

  #accessOf(roles: readonly (readonly [string, Role])[]): Access {
    const key = JSON.stringify(roles.map(([name]) => name));
    const access = this.#byRoles.get(key) ?? new RoleAccess(roles.map(([, role]) => role));
    this.#byRoles.set(key, access);
    return access;
  }
}

/** What a caller may do is what one of its roles allows and none of them denies. */
class RoleAccess implements Access {
  constructor(private readonly roles: readonly Role[]) {}

  /** `name` is the name of a tool or a prompt, or the URI of a resource. */
  allows(kind: 'tool' | 'prompt' | 'resource', name: string): boolean {
    const plain = kind === 'resource' ? plainUri(name) : name;
    if (plain === undefined) return false;
    const allowed = this.roles.some((role) => role[`allowed_${kind}s`].includes(plain));
    return allowed && !this.roles.some((role) => role[`denied_${kind}s`].includes(plain));
  }

  /** Whether some address of a URI template may be read. */
  allowsSomeOf(uriTemplate: string): boolean {
    const allowed = this.roles.some((role) => role.allowed_resources.reach(uriTemplate));
    return allowed && !this.roles.some((role) => role.denied_resources.includes(uriTemplate));
  }

  needsApproval(tool: string): boolean {
    return this.roles.some((role) => role.require_approval.includes(tool));
  }
}

function hasRole(
  { roles = [], scopes, claims = {} }: Principal,
  name: string,
  role: Role,
): boolean {
  // Credentials that name a role are for what this role may do, whichever scopes they have.
  const counting = roles.length === 0 ? scopes : scopes.filter((scope) => scope !== '*');
  return (
    role.everyone ||
    roles.includes(name) ||
    role.scopes.some((scope) => counting.includes(scope)) ||
    Object.entries(role.claims).some(([claim, wanted]) =>
      [claimAt(claims, claim)].flat().some((value) => wanted.some((one) => one === value)),
    )
  );
}
