import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { apiKeys } from '../../src/auth/api-keys.js';
import { parsePolicy } from '../../src/policy/policy.js';
import { openPart, readSettings } from '../support/app.js';

const FIRST = 'b3Qz7LmT2xWq9KcV';
const SECOND = 'x8RnP4sJ6yHd1FgZ';
const HASH = createHash('sha256').update(SECOND).digest('hex');
const KEYS = `alice:${FIRST}:notes:read role=editor, bob:sha256:${HASH}`;

const load = (keys: string) => readSettings(apiKeys(), { MCP_API_KEYS: keys });
const send = (headers: Record<string, string>, keys = KEYS) =>
  openPart(apiKeys(), { MCP_API_KEYS: keys }).authenticate(new Headers(headers));

describe('accepts', () => {
  test.each([
    ['a bearer token', { authorization: `Bearer ${FIRST}` }],
    ['an x-api-key', { 'x-api-key': FIRST }],
    ['the same key twice', { authorization: `bearer ${FIRST}`, 'x-api-key': FIRST }],
  ])('%s', async (_, headers) => {
    expect(await send(headers)).toEqual({
      principal: { id: 'alice', scopes: ['notes:read'], roles: ['editor'] },
    });
  });

  test('a key that is stored as a hash; without scopes and roles it may do everything', async () => {
    const principal = { id: 'bob', scopes: ['*'], roles: [] };
    expect(await send({ 'x-api-key': SECOND })).toEqual({ principal });
  });

  test('the old and the new key of one name', async () => {
    const keys = `# until the move is over\nalice:${FIRST}\nalice:${SECOND}`;
    for (const key of [FIRST, SECOND]) {
      expect(await send({ 'x-api-key': key }, keys)).toHaveProperty('principal.id', 'alice');
    }
  });
});

describe('refuses with 401', () => {
  test.each([
    ['no key', {}],
    ['an unknown key', { 'x-api-key': `${FIRST}x` }],
    ['an empty key', { 'x-api-key': '' }],
    ['the stored hash itself', { 'x-api-key': HASH }],
    ['two different keys', { authorization: `Bearer ${FIRST}`, 'x-api-key': SECOND }],
    ['basic authentication', { authorization: `Basic ${FIRST}` }],
    ['a cookie', { cookie: `x-api-key=${FIRST}` }],
  ])('%s', async (_, headers) => {
    const caller = await send(headers);
    if (!('refusal' in caller)) throw new Error('was accepted');
    expect(caller.refusal.status).toBe(401);
    expect(caller.refusal.headers['www-authenticate']).toMatch(/^Bearer/);
  });

  test('a key after its last day', async () => {
    const until = (day: string) => send({ 'x-api-key': FIRST }, `alice:${FIRST}:expires=${day}`);
    expect(await until('2020-12-31')).toHaveProperty('refusal.status', 401);
    expect(await until(new Date().toISOString().slice(0, 10))).toHaveProperty('principal');
  });
});

describe('does not start with', () => {
  test.each([
    ['no key', ' , '],
    ['a short key', 'alice:b3Qz7LmT2x'],
    ['a placeholder', 'alice:<the-key-of-alice>'],
    ['another placeholder', 'alice:changeme-changeme'],
    ['repeated characters', 'alice:aaaaaaaabbbbbbbb'],
    ['a sequence', 'alice:1234567890123456'],
    ['half a hash', `alice:sha256:${HASH.slice(1)}`],
    ['a key without a name', FIRST],
    ['one key for two names', `alice:${FIRST},bob:${FIRST}`],
    ['a role with a blank in it', `alice:${FIRST}:role=on\u00a0leave`],
    ['a scope with a blank in it', `alice:${FIRST}:notes\u00a0read`],
    ['a scope beyond ASCII', `alice:${FIRST}:bücher`],
    ['a scope with a quote', `alice:${FIRST}:a"b`],
    ['an unknown right', `alice:${FIRST}:rolle=editor`],
    ['a day that does not exist', `alice:${FIRST}:expires=2027-02-30`],
  ])('%s', (_, keys) => {
    expect(() => load(keys)).toThrow('MCP_API_KEYS');
  });

  test('one key for two names, itself and as a hash', () => {
    const open = (hash: string) =>
      openPart(apiKeys(), { MCP_API_KEYS: `alice:${SECOND},bob:sha256:${hash}` });
    expect(() => open(HASH.toUpperCase())).toThrow('has the same key twice');
  });

  test('and never prints the key', () => {
    const hidden = expect.objectContaining({ message: expect.not.stringContaining('hunter2') });
    expect(() => load('alice:hunter2,hunter2hunter2hunter2,bob:hunter2:x=y')).toThrow(hidden);
  });
});

test('a role that no key can name is a mistake in the policy, unless something else gives it', () => {
  const part = apiKeys();
  const carriesRole = (role: string) => part.carriesRole?.(role, {} as never) ?? true;
  const names = {
    tools: ['read'],
    prompts: [],
    resources: [],
    uriTemplates: [],
    carriesRole,
    carriesClaims: false,
  };
  for (const name of ['on leave', 'on\u00a0leave', 'a,b', 'a=b']) {
    const role = (given = '') => `roles:\n  "${name}": { ${given} denied_tools: [read] }\n`;
    const problem = expect.stringContaining(`no credentials can name the role "${name}"`);
    expect(parsePolicy(role(), names)).toEqual({ problems: [problem] });
    expect(parsePolicy(role('scopes: [leave],'), names)).toHaveProperty('policy');
  }
});
