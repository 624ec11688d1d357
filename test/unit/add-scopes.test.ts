import { describe, expect, test } from 'vitest';
import { parseScopes } from '../../src/add/scopes.js';

const problemsOf = (...texts: string[]) =>
  parseScopes(texts).problems.map(({ message }) => message);

describe('parseScopes', () => {
  test('takes scopes one by one and separated by commas, each once', () => {
    expect(parseScopes(['orders:read, orders:write', 'admin', 'orders:read'])).toEqual({
      scopes: ['orders:read', 'orders:write', 'admin'],
      problems: [],
    });
  });

  test.each([
    'a',
    'https://example.com/auth/orders.readonly',
    'api://orders/.default',
    "!#$%&'()+-./:;<>?@[]^_`{|}~",
    'x'.repeat(128),
  ])('%s is a scope', (scope) => {
    expect(parseScopes([scope])).toEqual({ scopes: [scope], problems: [] });
  });

  test.each([
    ['', 'is empty'],
    ['a,', 'is empty'],
    ['*', 'is one name, not a pattern'],
    ['orders:*', 'is one name, not a pattern'],
    ['a b', 'separate scopes with commas'],
    ['a\nb', 'separate scopes with commas'],
    ['role=admin', 'is not valid'],
    ['"a"', 'is not valid'],
    ['a\\b', 'is not valid'],
    ['größe', 'is not valid'],
    ['x'.repeat(129), 'is longer than 128'],
  ])('%j is none', (text, message) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(message)]);
  });

  test('every problem is named at once', () => {
    expect(problemsOf('*', 'b c,fine', '')).toHaveLength(3);
  });
});
