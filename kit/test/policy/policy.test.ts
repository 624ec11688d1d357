import { describe, expect, test } from 'vitest';
import { parsePolicy } from '../../src/policy/policy.js';
import { connect, eras } from '../../src/testing/client.js';
import { createTestApp } from '../support/app.js';
import { newPolicyFile } from '../support/policy.js';

const names = {
  tools: ['read', 'write', '__proto__'],
  prompts: ['ask'],
  resources: ['doc://index'],
  uriTemplates: ['doc://pages/{id}'],
  carriesRole: (role: string) => role !== '',
  carriesClaims: true,
};

function access(role: string, principal = { id: 'alice', scopes: ['docs'] }) {
  const parsed = parsePolicy(`roles:\n  docs: { scopes: [docs], ${role} }`, names);
  if ('problems' in parsed) throw new Error(parsed.problems.join('\n'));
  return parsed.policy.accessOf(principal);
}

const NOBODY = 'roles: {}';

describe.each(eras)('%s', (era) => {
  test('what is not allowed is as if it were not there', async () => {
    const app = await createTestApp();
    const owner = await connect(app, era);
    const stranger = await connect(
      await createTestApp({ POLICY_PATH: newPolicyFile(NOBODY) }),
      era,
      {
        id: 'stranger',
        scopes: ['*'],
      },
    );
    for (const { name } of (await owner.listTools()).tools) {
      await expect(stranger.callTool({ name, arguments: {} })).rejects.toThrow('not found');
    }
    for (const { uri } of (await owner.listResources()).resources) {
      await expect(stranger.readResource({ uri })).rejects.toThrow('not found');
    }
    for (const { name } of (await owner.listPrompts()).prompts) {
      await expect(stranger.getPrompt({ name })).rejects.toThrow('not found');
    }
    expect((await stranger.listTools()).tools).toEqual([]);
    expect((await stranger.listResources()).resources).toEqual([]);
    expect((await stranger.listResourceTemplates()).resourceTemplates).toEqual([]);
    expect((await stranger.listPrompts()).prompts).toEqual([]);
  });
});

test('a denial counts more than what is allowed', () => {
  const some = access('allowed_tools: ["*"], denied_tools: [wr*]');
  expect(some.allows('tool', 'read')).toBe(true);
  expect(some.allows('tool', 'write')).toBe(false);
  expect(some.allows('prompt', 'ask')).toBe(false);
});

test('the address that is read decides, however it is written', () => {
  const pages = access(
    'allowed_resources: ["doc://pages/*"], denied_resources: [doc://pages/secret]',
  );
  expect(pages.allowsSomeOf('doc://pages/{id}')).toBe(true);
  expect(pages.allows('resource', 'doc://pages/1')).toBe(true);
  for (const id of ['secret', '%73ecret', '%zz', 'a%2F..%2Fsecret']) {
    expect(pages.allows('resource', `doc://pages/${id}`), id).toBe(false);
  }
});

test.each([
  ['no role', { id: 'bob', scopes: ['other'] }, false],
  ['a scope', { id: 'bob', scopes: ['docs'] }, true],
  ['a role of its key', { id: 'bob', scopes: [], roles: ['docs'] }, true],
  ['another role', { id: 'bob', scopes: [], roles: ['constructor', '__proto__'] }, false],
])('%s', (_, principal, expected) => {
  expect(access('allowed_tools: ["*"]', principal).allows('tool', 'read')).toBe(expected);
});

test('every mistake is named with its line', () => {
  const text =
    'roles:\n  a:\n    scope: [x]\n    allowed_tools: [read, reed]\n    denied_tools: all\n';
  expect(parsePolicy(text, names)).toEqual({
    problems: [
      expect.stringMatching(/^3: roles\.a\.scope: /),
      expect.stringMatching(/^4: roles\.a\.allowed_tools.*reed/),
      expect.stringMatching(/^5: roles\.a\.denied_tools: /),
    ],
  });
  expect(parsePolicy('roles:\n  a: {}\n  a: {}\n', names)).toMatchObject({
    problems: [expect.stringMatching(/^3: /)],
  });
});

test('a role that nobody could have, and a scope that nothing could carry, are mistakes', () => {
  const text =
    'roles:\n  "": { denied_tools: [read] }\n  a:\n    scopes: [docs, "read all", "a\\"b", né]\n';
  expect(parsePolicy(text, names)).toEqual({
    problems: [
      expect.stringMatching(/^2: roles\.: no credentials can name the role ""/),
      expect.stringMatching(/^4: roles\.a\.scopes\.1: "read all" is not a scope/),
      expect.stringMatching(/^4: roles\.a\.scopes\.2: "a\\"b" is not a scope/),
      expect.stringMatching(/^4: roles\.a\.scopes\.3: "né" is not a scope/),
    ],
  });
  expect(parsePolicy('roles:\n  "": { everyone: true }\n', names)).toHaveProperty('policy');
});
