import * as z from 'zod/v4';
import type { Access } from '../calls/services.js';
import { claimAt, isScope, type Principal } from '../definitions/definitions.js';
import { parseYaml } from '../definitions/yaml-text.js';

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

/** What this server has. A policy that names anything else has a typing error. */
export interface KnownNames {
  readonly tools: readonly string[];
  readonly prompts: readonly string[];
  readonly resources: readonly string[];
  readonly uriTemplates: readonly string[];
  /** What names begin with that come and go: they need not be there. */
  readonly prefixes?: readonly string[];
  /** Whether the credentials of a caller can name this role. */
  carriesRole(role: string): boolean;
  /** Whether the credentials of a caller can have claims. */
  readonly carriesClaims: boolean;
}

/** How callers get a role that their credentials do not name. */
interface RoleGrants {
  readonly everyone: boolean;
  readonly scopes: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
}

const scope = z.string().refine(isScope, {
  error: ({ input }) => `${JSON.stringify(input)} is not a scope: no credentials can carry it`,
});
const claimValue = z.union([z.string(), z.number(), z.boolean()]);

/** The schema of `policy.yaml` for a server with these names. */
export function policySchema(names: KnownNames) {
  const { tools, prompts, resources, uriTemplates, prefixes = [] } = names;
  const comesAndGoes = (wanted: Patterns) =>
    prefixes.some((prefix) => wanted.includes(prefix) || wanted.beginWith(prefix));
  const someOf = (all: readonly string[]) => (wanted: Patterns) =>
    all.some((name) => wanted.includes(name)) || comesAndGoes(wanted);
  const tool = patterns('tool', someOf(tools));
  const prompt = patterns('prompt', someOf(prompts));
  const resource = patterns(
    'resource',
    (wanted) =>
      someOf(resources)(wanted) || uriTemplates.some((template) => wanted.reach(template)),
  );
  const role = z.strictObject({
    everyone: z.boolean().default(false),
    scopes: z.array(scope).default([]),
    claims: z.record(z.string(), z.array(claimValue)).default({}),
    allowed_tools: tool,
    denied_tools: tool,
    require_approval: tool,
    allowed_resources: resource,
    denied_resources: resource,
    allowed_prompts: prompt,
    denied_prompts: prompt,
  });
  // A map, because a role may have any name, also one that objects have by themselves.
  const roles = z.preprocess(
    (value) => (isObject(value) ? new Map(Object.entries(value)) : value),
    z.map(z.string(), role).superRefine(refuseUnreachable(names)),
  );
  return z.strictObject({ roles });
}

export type Role =
  z.output<ReturnType<typeof policySchema>>['roles'] extends Map<string, infer R> ? R : never;

/** A role that no credentials can name and that nothing else gives would deny nothing to anybody. */
function refuseUnreachable({
  carriesRole,
  carriesClaims,
}: Pick<KnownNames, 'carriesRole' | 'carriesClaims'>) {
  return (roles: ReadonlyMap<string, RoleGrants>, ctx: z.RefinementCtx): void => {
    for (const [name, { everyone, scopes, claims }] of roles) {
      const hasClaims = Object.keys(claims).length > 0;
      if (hasClaims && !carriesClaims) {
        const message = 'no credentials of this server have claims';
        ctx.addIssue({ code: 'custom', path: [name, 'claims'], message });
      }
      const isGiven = everyone || scopes.length > 0 || hasClaims;
      if (isGiven || carriesRole(name)) continue;
      const message = `no credentials can name the role ${JSON.stringify(name)}: give it another name, or scopes`;
      ctx.addIssue({ code: 'custom', path: [name], message });
    }
  };
}

/** A list of names. Each must exist, or be the beginning of one that does. */
function patterns(what: string, exists: (wanted: Patterns) => boolean) {
  const pattern = z
    .string()
    .refine((text) => /^[^*{]*\*?$/.test(text), {
      error: ({ input }) => `${input} must be a name, or the beginning of one and a * at its end`,
      abort: true,
    })
    .refine((text) => text === '*' || exists(new Patterns([text])), {
      error: ({ input }) => `there is no ${what} ${input}`,
    });
  return z
    .array(pattern)
    .default([])
    .transform((list) => new Patterns(list));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Names of a policy. One that ends with `*` stands for every name that begins like it. */
export class Patterns {
  readonly #names: ReadonlySet<string>;
  readonly #beginnings: readonly string[];
  readonly #reached = new Map<string, boolean>();

  constructor(private readonly patterns: readonly string[]) {
    this.#names = new Set(patterns.filter((pattern) => !pattern.endsWith('*')));
    this.#beginnings = patterns.flatMap((pattern) => beginningOf(pattern) ?? []);
  }

  includes(name: string): boolean {
    return this.#names.has(name) || this.#beginnings.some((start) => name.startsWith(start));
  }

  /** Whether one of them can only be a name that begins like this. */
  beginWith(start: string): boolean {
    return this.patterns.some((pattern) => pattern.startsWith(start));
  }

  /** Whether they include an address of this URI template. */
  reach(uriTemplate: string): boolean {
    let reached = this.#reached.get(uriTemplate);
    if (reached === undefined) {
      reached = this.patterns.some((pattern) => reaches(pattern, uriTemplate));
      this.#reached.set(uriTemplate, reached);
    }
    return reached;
  }
}

/**
 * A URI as a resource reads it, without percent-encoding: `note:///%61` is the note `a`. `undefined` for what nobody may read: a broken
 * encoding, and `..`, which whoever opens the resource could take for another address.
 */
export function plainUri(uri: string): string | undefined {
  try {
    const plain = decodeURIComponent(uri);
    return /(?:^|[/\\])\.\.?(?:[/\\]|$)/.test(plain) ? undefined : plain;
  } catch {
    return undefined;
  }
}

function beginningOf(pattern: string): string | undefined {
  return pattern.endsWith('*') ? pattern.slice(0, -1) : undefined;
}

/** A beginning reaches a template when some part of the template, read from its start, can become that beginning. */
function reaches(pattern: string, uriTemplate: string): boolean {
  const beginning = beginningOf(pattern);
  if (beginning === undefined) return fits(pattern, uriTemplate);
  return Array.from({ length: uriTemplate.length + 1 }, (_, end) => uriTemplate.slice(0, end))
    .filter((part) => part.lastIndexOf('{') <= part.lastIndexOf('}'))
    .some((part) => fits(beginning, part));
}

/** An expression of a template stands for a part of a path; one with an operator, such as `{+path}`, for more than that. */
function fits(uri: string, uriTemplate: string): boolean {
  const pattern = uriTemplate.replaceAll(/[^{]+|\{(\W?)[^}]*\}?/g, (part, operator?: string) => {
    if (operator === undefined) return part.replaceAll(/[$()*+.?[\\\]^|]/g, '\\$&');
    return operator === '' ? '[^/]+' : '.+';
  });
  return uri === uriTemplate || new RegExp(`^${pattern}$`).test(uri);
}

export type ParsedPolicy =
  | { readonly policy: RolePolicy }
  | { readonly problems: readonly string[] };

/** Reads the text of a policy. Every problem is named at once, and begins with its line: `12: roles.reader: …`. */
export function parsePolicy(text: string, names: KnownNames): ParsedPolicy {
  const parsed = parseYaml(text, policySchema(names));
  if ('problems' in parsed) return parsed;
  return { policy: new RolePolicy(parsed.value.roles) };
}
