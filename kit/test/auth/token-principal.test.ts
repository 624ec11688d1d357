import { expect, test } from 'vitest';
import { principalFrom } from '../../src/auth/tokens.js';
import { claimAt } from '../../src/definitions/definitions.js';
import { parsePolicy } from '../../src/policy/policy.js';

const NAMES = { scopes: ['scope', 'permissions'], roles: ['roles', 'realm_access.roles', 'role'] };
const from = (claims: object) => principalFrom({ sub: 'alice', ...claims }, NAMES);

const POLICY = `
roles:
  all: { everyone: true, allowed_tools: [read] }
  admin: { allowed_tools: [erase] }
  on leave: { denied_tools: [read] }
`;

const carriesRole = () => true;

function access(claims: object) {
  const names = {
    tools: ['read', 'erase'],
    prompts: [],
    resources: [],
    uriTemplates: [],
    carriesRole,
    carriesClaims: true,
  };
  const parsed = parsePolicy(POLICY, names);
  if ('problems' in parsed) throw new Error(parsed.problems.join('\n'));
  return parsed.policy.accessOf(from(claims));
}

test.each([
  [{ roles: ['not admin', 'billing admin'] }],
  [{ realm_access: { roles: ['admin of nothing'] } }],
  [{ roles: [' admin', 'admin ', 'admin\u00a0', 'Admin', '\uff41dmin', ['admin'], ''] }],
  [{ role: 'not admin' }],
  [{ role: 'admin,editor' }],
])('a role is what it is as a whole: %o does not name admin', (claims) => {
  expect(access(claims).allows('tool', 'erase')).toBe(false);
});

test.each([[{ roles: ['on leave'] }], [{ role: 'on leave' }]])(
  'a role with a blank counts: %o',
  (claims) => {
    expect(access({}).allows('tool', 'read')).toBe(true);
    expect(access(claims).allows('tool', 'read')).toBe(false);
  },
);

test('a text is a list of scopes, separated by spaces alone; in a list each item is one scope', () => {
  expect(from({ scope: 'a b  c\u00a0d e\tf' }).scopes).toEqual(['a', 'b', 'c\u00a0d', 'e\tf']);
  expect(from({ permissions: ['a b', 'c', '*', 5, ['d']] }).scopes).toEqual(['a b', 'c']);
});

test.each([['\ud800'], ['a\udc00b'], ['a\0b'], [''], ['a'.repeat(256)]])(
  'a subject that cannot be kept as it is makes the token invalid (%#)',
  (sub) => {
    expect(() => from({ sub })).toThrow('sub');
    expect(from({ sub: 'ali\ud83d\ude00ce' }).id).toBe('ali\ud83d\ude00ce');
  },
);

test.each([
  [{ a: { b: 1 } }, 'a.b', 1],
  [{ 'a.b': 2, a: { b: 1 } }, 'a.b', 2],
  [{ 'https://a.example/meta': { level: 'low' } }, 'https://a.example/meta.level', 'low'],
  [{ 'a.b': { c: 3 } }, 'a.b.c', 3],
  [{ groups: ['x'] }, 'groups.length', undefined],
  [{}, 'constructor.name', undefined],
])('a claim inside a claim is found by its path: %o, %s', (claims, name, value) => {
  expect(claimAt(claims, name)).toBe(value);
});
