import { expect, test } from 'vitest';
import { sql } from '../../src/store/sql.js';

test('a statement keeps its values apart', () => {
  const { strings, values } = sql`SELECT ${1}, ${"it's 😀"}, ${null}`;
  expect(strings.join('?')).toBe('SELECT ?, ?, ?');
  expect(values).toEqual([1, "it's 😀", null]);
});

test.each([
  ['NUL', 'a\0b', 'A text contains the character U+0000, which cannot be stored.'],
  ['half a pair', 'a\ud83d', 'A text contains half of a surrogate pair, which cannot be stored.'],
  ['a pair in the wrong order', '\ude00\ud83d', expect.stringContaining('surrogate')],
])('a text that no database keeps as it is is refused by name: %s', (_, text, message) => {
  expect(() => sql`SELECT ${'fine'}, ${text}`).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT', message }),
  );
});
