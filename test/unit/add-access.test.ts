import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Audience, audienceOf, scopesInUse } from '../../src/add/access.js';

function project(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(path.join(tmpdir(), 'access-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  return root;
}

const everyone: Audience = { kind: 'everyone' };
const roles = (...names: string[]): Audience => ({ kind: 'roles', roles: names });
const unknown: Audience = { kind: 'unknown' };

describe('whom the policy shows the tool find_orders to', () => {
  test.each<[string, Audience]>([
    ['roles: { a: { everyone: true, allowed_tools: ["*"] } }', everyone],
    ['roles: { a: { everyone: true, allowed_tools: ["find_*"] } }', everyone],
    ['roles: { a: { everyone: true, allowed_tools: [find_orders] } }', everyone],
    ['roles: { a: { everyone: true, allowed_tools: [find, "search_*"] } }', roles()],
    ['roles: { a: { everyone: true, allowed_tools: ["*"], denied_tools: ["find_*"] } }', roles()],
    ['roles: { a: { scopes: [x], allowed_tools: ["*"] }, b: { allowed_tools: [] } }', roles('a')],
    // What everyone is denied, no role of its own can bring back.
    [
      'roles: { a: { everyone: true, denied_tools: [find_orders] }, b: { allowed_tools: ["*"] } }',
      roles(),
    ],
    // What everyone is allowed, a role can deny to those who have it: the others are still everyone.
    [
      'roles: { a: { everyone: true, allowed_tools: ["*"] }, b: { denied_tools: ["*"] } }',
      everyone,
    ],
    ['roles: {}', roles()],
    ['', unknown],
    ['roles: { a: ', unknown],
    ['roles: { a: { allowed_tools: "*" } }', unknown],
    ['roles: { a: }', unknown],
    ['[]', unknown],
  ])('%s', async (policy, audience) => {
    expect(await audienceOf(project({ 'policy.yaml': policy }), 'find_orders')).toEqual(audience);
  });

  test('without a policy nobody knows', async () => {
    expect(await audienceOf(project({}), 'find_orders')).toEqual(unknown);
  });
});

test('scopes in use are those of tools, resources and prompts', () => {
  const root = project({
    'src/tools/a.ts': "scopes: ['orders:read', \"it's\"],\n",
    'src/tools/b.ts': "scopes: [\n  'orders:write',\n  'orders:read',\n],\n",
    'src/prompts/c.ts': 'scopes: [`ask`],\n',
    'src/tools/d.md': "scopes: ['no']\n",
  });
  expect(scopesInUse(root)).toEqual(['ask', "it's", 'orders:read', 'orders:write']);
});
