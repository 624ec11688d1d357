/** What must hold for every policy, caller and name. */
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { builtProject, modulesOf } from '../support/server.js';

const TOOLS = ['read', 'read_all', 'write', 'constructor', '__proto__', 'toString'];
const URIS = ['doc://a', 'doc://ab', 'doc://b/c', 'doc://é x'];
const NAMES = {
  tools: TOOLS,
  prompts: TOOLS,
  resources: URIS,
  uriTemplates: ['doc://{+path}'],
  carriesRole: () => true,
  carriesClaims: true,
};
const SCOPES = ['r', 'w', '*', '__proto__'];
const ROLES = ['reader', 'constructor', '__proto__'];

type Kind = 'tool' | 'prompt' | 'resource';

interface Access {
  allows(kind: Kind, name: string): boolean;
  allowsSomeOf(uriTemplate: string): boolean;
  needsApproval(tool: string): boolean;
}

interface Caller {
  readonly id: string;
  readonly scopes: readonly string[];
  readonly roles?: readonly string[];
  readonly claims?: Readonly<Record<string, unknown>>;
}

type Parsed =
  | { readonly policy: { accessOf(caller: Caller): Access } }
  | { readonly problems: readonly string[] };

let parsePolicy: (text: string, names: typeof NAMES) => Parsed;
beforeAll(async () => {
  const modules = await modulesOf(await builtProject({ transport: 'http', auth: 'api-key' }));
  ({ parsePolicy } = await import(join(modules, 'kit/policy/policy.js')));
});

const pattern = (names: readonly string[]) =>
  fc.oneof(
    fc.constantFrom('*', ...names),
    fc
      .tuple(fc.constantFrom(...names), fc.nat(12))
      .map(([name, length]) => `${name.slice(0, length)}*`),
  );
const patterns = (names: readonly string[]) => fc.array(pattern(names), { maxLength: 3 });

const roleArbitrary = fc.record({
  everyone: fc.boolean(),
  scopes: fc.array(fc.constantFrom(...SCOPES), { maxLength: 2 }),
  claims: fc.dictionary(
    fc.constantFrom('groups', 'a.b', 'constructor.name'),
    fc.array(fc.constantFrom('x', 'y', 1, true, 'Object'), { maxLength: 2 }),
  ),
  allowed_tools: patterns(TOOLS),
  denied_tools: patterns(TOOLS),
  require_approval: patterns(TOOLS),
  allowed_prompts: patterns(TOOLS),
  denied_prompts: patterns(TOOLS),
  allowed_resources: patterns(URIS),
  denied_resources: patterns(URIS),
});
type Role = typeof roleArbitrary extends fc.Arbitrary<infer T> ? T : never;
type Roles = ReadonlyMap<string, Role>;

const rolesArbitrary: fc.Arbitrary<Roles> = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...ROLES), roleArbitrary), {
    selector: ([name]) => name,
    maxLength: 3,
  })
  .map((entries) => new Map(entries));

const callerArbitrary: fc.Arbitrary<Caller> = fc.record({
  id: fc.constant('caller'),
  scopes: fc.array(fc.constantFrom(...SCOPES, 'other'), { maxLength: 2 }),
  roles: fc.array(fc.constantFrom(...ROLES, 'other'), { maxLength: 2 }),
  claims: fc.constantFrom<Record<string, unknown>>(
    {},
    { groups: ['x', 'z'] },
    { groups: 'y' },
    { a: { b: [1] } },
    { 'a.b': true },
    JSON.parse('{"__proto__":{"groups":["x"]}}'),
  ),
});

const nameArbitrary: fc.Arbitrary<[Kind, string]> = fc.oneof(
  fc.tuple(
    fc.constantFrom<Kind>('tool', 'prompt'),
    fc.oneof(fc.constantFrom(...TOOLS), fc.string()),
  ),
  fc.tuple(fc.constant<Kind>('resource'), fc.constantFrom(...URIS, 'doc://other', 'x:')),
);

function accessOf(roles: Roles, caller: Caller): Access {
  const text = stringify({ roles }, { version: '1.2' });
  const parsed = parsePolicy(text, NAMES);
  if ('problems' in parsed) throw new Error(`${parsed.problems.join('\n')}\n${text}`);
  return parsed.policy.accessOf(caller);
}

/** The rules as docs/access.md of a project states them, as plainly as they can be written. */
function rolesOf(roles: Roles, caller: Caller): Role[] {
  const named = caller.roles ?? [];
  const claim = (name: string): unknown => {
    const claims = caller.claims ?? {};
    if (Object.hasOwn(claims, name)) return claims[name];
    return name === 'a.b' ? (claims as { a?: { b?: unknown } }).a?.b : undefined;
  };
  return [...roles]
    .filter(
      ([name, role]) =>
        role.everyone ||
        named.includes(name) ||
        role.scopes.some(
          (scope) => caller.scopes.includes(scope) && !(scope === '*' && named.length > 0),
        ) ||
        Object.entries(role.claims).some(([key, values]) =>
          ([claim(key)].flat() as (typeof values)[number][]).some((one) => values.includes(one)),
        ),
    )
    .map(([, role]) => role);
}

const fits = (list: readonly string[], name: string) =>
  list.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one));

const listOf = (role: Role, word: 'allowed' | 'denied', kind: Kind) =>
  role[`${word}_${kind}s` as const];

it('says what the rules say', () => {
  let allowed = 0;
  fc.assert(
    fc.property(rolesArbitrary, callerArbitrary, nameArbitrary, (roles, caller, [kind, name]) => {
      const own = rolesOf(roles, caller);
      const expected =
        own.some((role) => fits(listOf(role, 'allowed', kind), name)) &&
        !own.some((role) => fits(listOf(role, 'denied', kind), name));
      if (expected) allowed += 1;
      const access = accessOf(roles, caller);
      expect(access.allows(kind, name)).toBe(expected);
      expect(access.needsApproval(name)).toBe(
        own.some((role) => fits(role.require_approval, name)),
      );
    }),
    { numRuns: 2_000 },
  );
  expect(allowed).toBeGreaterThan(50);
});

it('never allows what one role of the caller denies', () => {
  fc.assert(
    fc.property(rolesArbitrary, callerArbitrary, nameArbitrary, (roles, caller, [kind, name]) => {
      const denied = rolesOf(roles, caller).some((role) =>
        fits(listOf(role, 'denied', kind), name),
      );
      fc.pre(denied);
      expect(accessOf(roles, caller).allows(kind, name)).toBe(false);
    }),
    { numRuns: 300 },
  );
});

it('never allows more after one more denial', () => {
  const denial = fc.tuple(fc.constantFrom(...ROLES), pattern(TOOLS), pattern(URIS));
  fc.assert(
    fc.property(
      rolesArbitrary,
      callerArbitrary,
      denial,
      nameArbitrary,
      (roles, caller, [role, tool, uri], [kind, name]) => {
        const before = accessOf(roles, caller);
        const given = roles.get(role);
        fc.pre(given !== undefined);
        const stricter = {
          ...(given as Role),
          denied_tools: [...(given?.denied_tools ?? []), tool],
          denied_prompts: [...(given?.denied_prompts ?? []), tool],
          denied_resources: [...(given?.denied_resources ?? []), uri],
        };
        const after = accessOf(new Map([...roles, [role, stricter]]), caller);
        if (after.allows(kind, name)) expect(before.allows(kind, name)).toBe(true);
        if (after.allowsSomeOf('doc://{+path}')) {
          expect(before.allowsSomeOf('doc://{+path}')).toBe(true);
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

it('allows nothing without a role', () => {
  const nobody: Caller = { id: 'caller', scopes: ['other'], roles: ['other'], claims: {} };
  fc.assert(
    fc.property(rolesArbitrary, nameArbitrary, (roles, [kind, name]) => {
      const closed = [...roles].map(([key, role]) => [key, { ...role, everyone: false }] as const);
      const access = accessOf(new Map(closed), nobody);
      expect(access.allows(kind, name)).toBe(false);
      expect(access.allowsSomeOf('doc://{+path}')).toBe(false);
    }),
    { numRuns: 500 },
  );
});

it('sees the same address however its characters are escaped', () => {
  const escaped = fc.constantFrom(...URIS).chain((uri) =>
    fc.array(fc.boolean(), { minLength: uri.length, maxLength: uri.length }).map((flags) => ({
      uri,
      spelling: [...uri]
        .map((character, n) => (flags[n] && n > 5 ? percent(character) : character))
        .join(''),
    })),
  );
  fc.assert(
    fc.property(rolesArbitrary, callerArbitrary, escaped, (roles, caller, { uri, spelling }) => {
      const access = accessOf(roles, caller);
      expect(access.allows('resource', spelling)).toBe(access.allows('resource', uri));
    }),
    { numRuns: 500 },
  );
});

it('offers a template to whoever may read one of its addresses', () => {
  fc.assert(
    fc.property(rolesArbitrary, callerArbitrary, (roles, caller) => {
      const access = accessOf(roles, caller);
      fc.pre(URIS.some((uri) => access.allows('resource', uri)));
      expect(access.allowsSomeOf('doc://{+path}')).toBe(true);
    }),
    { numRuns: 300 },
  );
});

it('reads any text without failing, and names a line for each problem', () => {
  const yamlish = fc
    .array(
      fc.constantFrom(
        ...['roles:', 'a:', ' ', '\n', '- ', '*', '&a ', '"', '{', '}', '[', ']', ',', '!!binary '],
        ...[
          'allowed_tools',
          'everyone: true',
          '<<: ',
          '? ',
          '|',
          '%YAML',
          '---',
          '\u0000',
          '1e999',
        ],
      ),
      { maxLength: 30 },
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(fc.string(), yamlish, fc.json()), (text) => {
      const parsed = parsePolicy(text, NAMES);
      if ('policy' in parsed) return;
      expect(parsed.problems).not.toEqual([]);
      for (const problem of parsed.problems) expect(problem).toMatch(/^\d+: ./);
    }),
    { numRuns: 3_000 },
  );
});

function percent(text: string): string {
  return [...new TextEncoder().encode(text)]
    .map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
    .join('');
}
