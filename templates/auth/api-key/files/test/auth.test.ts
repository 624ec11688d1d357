import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createAuthenticator } from '../src/auth/index.js';
import { loadConfig } from '../src/config.js';
import { requiredEnv } from './support/env.js';

const FIRST = 'first-key-0123456789';
const SECOND = 'second-key-0123456789';
const HASH = createHash('sha256').update(SECOND).digest('hex');
const MCP_API_KEYS = `alice:${FIRST}:notes:read notes:write, bob:sha256:${HASH}`;

const load = (keys: string) => loadConfig({ ...requiredEnv, MCP_API_KEYS: keys });
const authenticate = createAuthenticator(load(MCP_API_KEYS));

describe('accepts', () => {
  test.each([
    ['a bearer token', { authorization: `Bearer ${FIRST}` }],
    ['an x-api-key', { 'x-api-key': FIRST }],
    ['the same key twice', { authorization: `bearer ${FIRST}`, 'x-api-key': FIRST }],
  ])('%s', async (_, headers) => {
    expect(await authenticate(new Headers(headers))).toEqual({
      principal: { id: 'alice', scopes: ['notes:read', 'notes:write'] },
    });
  });

  test('a key that is stored as a hash; without scopes it may do everything', async () => {
    const caller = await authenticate(new Headers({ 'x-api-key': SECOND }));
    expect(caller).toEqual({ principal: { id: 'bob', scopes: ['*'] } });
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
  ])('%s', async (_, headers) => {
    const caller = await authenticate(new Headers(headers));
    if (!('refusal' in caller)) throw new Error('was accepted');
    expect(caller.refusal.status).toBe(401);
    expect(caller.refusal.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });
});

describe('does not start with', () => {
  test.each([
    ['no key', ' , '],
    ['a short key', 'alice:short'],
    ['a key without a name', FIRST],
    ['two keys of one name', `alice:${FIRST},alice:${SECOND}`],
  ])('%s', (_, keys) => {
    expect(() => load(keys)).toThrow('MCP_API_KEYS');
  });

  test('and never prints the key', () => {
    expect(() => load('alice:hunter2')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });
});
