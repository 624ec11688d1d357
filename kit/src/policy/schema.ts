import * as z from 'zod/v4';
import { isScope } from '../definitions/scope.js';
import { Patterns } from './patterns.js';

/** What this server has. A policy that names anything else has a typing error. */
export interface Names {
  readonly tools: readonly string[];
  readonly prompts: readonly string[];
  readonly resources: readonly string[];
  readonly uriTemplates: readonly string[];
  /** Whether the credentials of a caller can name this role. */
  carriesRole(role: string): boolean;
  /** Whether the credentials of a caller can have claims. */
  readonly carriesClaims: boolean;
}

/** How callers get a role that their credentials do not name. */
interface Reach {
  readonly everyone: boolean;
  readonly scopes: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
}

const scope = z.string().refine(isScope, {
  error: ({ input }) => `${JSON.stringify(input)} is not a scope: no credentials can carry it`,
});
const claimValue = z.union([z.string(), z.number(), z.boolean()]);

/** The schema of `policy.yaml` for a server with these names. */
export function policySchema(names: Names) {
  const { tools, prompts, resources, uriTemplates } = names;
  const someOf = (all: readonly string[]) => (wanted: Patterns) =>
    all.some((name) => wanted.includes(name));
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
}: Pick<Names, 'carriesRole' | 'carriesClaims'>) {
  return (roles: ReadonlyMap<string, Reach>, ctx: z.RefinementCtx): void => {
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
