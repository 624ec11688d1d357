import { describe, expect, test } from 'vitest';
import { checkName, collisionKey, primitiveNames } from '../../src/add/names.js';

describe('primitiveNames', () => {
  test.each([
    ['search_orders', 'search-orders', 'searchOrders', 'Search orders'],
    ['searchOrders', 'search-orders', 'searchOrders', 'Search orders'],
    ['search-orders', 'search-orders', 'searchOrders', 'Search orders'],
    ['HTTPFetch2', 'http-fetch2', 'httpFetch2', 'Http fetch2'],
    ['get_2fa_code', 'get-2fa-code', 'get2faCode', 'Get 2fa code'],
    ['a__b_', 'a-b', 'aB', 'A b'],
  ])('%s', (name, file, identifier, title) => {
    expect(checkName(name)).toBeNull();
    expect(primitiveNames(name)).toEqual({ name, file, identifier, title });
  });
});

test.each([
  '',
  ' ',
  '-x',
  '_x',
  '1a',
  'a b',
  'a.b',
  '../x',
  'a/b',
  'é',
  '$(reboot)',
  '{{x}}',
  'a\n',
  'a'.repeat(65),
  // Reserved words, restricted globals and members of every object.
  'delete',
  'await',
  'arguments',
  'undefined',
  'parse_int',
  'constructor',
  'to_string',
  'prototype',
  'then',
  // What the generated files have, and devices.
  'z',
  'define_tool',
  'defineTool',
  'index',
  'con',
  'NUL',
  'com1',
])('checkName refuses %j', (name) => {
  expect(checkName(name)?.message).toMatch(/^The name /);
});

test('checkName takes the longest name that clients accept', () => {
  expect(checkName('a'.repeat(64))).toBeNull();
});

test('names that would share a file or an export have one key', () => {
  expect(new Set(['a-b', 'a_b', 'aB', 'A_B', 'ab'].map(collisionKey)).size).toBe(1);
});
