import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkProjectName, suggestName } from '../../src/project-spec/name.js';

const DEPENDENCIES = new Set(['zod', 'pg', 'typescript']);
const check = (name: string) => checkProjectName(name, DEPENDENCIES);
const HYPHENS = 'Use lower-case letters, digits and single dashes, starting with a letter.';

it.each(['a', 'my-server', 's3', 'a1-b2-c3', 'x'.repeat(53), 'create-mcp-server', 'console-2'])(
  'takes %s',
  (name) => {
    expect(check(name)).toEqual([]);
  },
);

describe('refuses, says why and suggests a name that works', () => {
  it.each([
    ['', 'The project name is empty.', 'my-server'],
    [
      '../evil',
      `"../evil" cannot be a project name: it points to another folder. ${HYPHENS}`,
      'evil',
    ],
    ['..', 'it points to another folder', 'my-server'],
    ['a/../b', 'it points to another folder', 'a-b'],
    ['/etc/passwd', 'it has a slash', 'etc-passwd'],
    ['a\\b', 'it has a slash', 'a-b'],
    ['-rf', 'it starts with a dash', 'rf'],
    ['--help', 'it starts with a dash', 'help'],
    ['.hidden', 'it starts with a dot', 'hidden'],
    ['x.', 'it ends with a dot', 'x'],
    ['x-', 'it ends with a dash', 'x'],
    ['a--b', 'it has two dashes in a row', 'a-b'],
    ['my server', 'it has a space', 'my-server'],
    ['MyServer', 'it has upper-case letters', 'myserver'],
    ['my_server', 'it has "_"', 'my-server'],
    ['my.server', 'it has "."', 'my-server'],
    ['@scope/server', 'it has a scope', 'scope-server'],
    ['2fast', 'it starts with a digit', 'mcp-2fast'],
    ['café', 'it has "é"', 'cafe'],
    ['日本語', 'it has "日", "本", "語"', 'my-server'],
    ['🚀', 'it has "🚀"', 'my-server'],
    ['$(id)', 'it has "$", "(", ")"', 'id'],
    ['{{name}}', 'it has "{", "}"', 'name'],
    ['a\nb', 'it has a space', 'a-b'],
    ['a\0b', 'it has "\\u0000"', 'a-b'],
    ['con', '"con" is a device name on Windows', 'con-server'],
    ['nul', 'device', 'nul-server'],
    ['com1', 'device', 'com1-server'],
    ['lpt9', 'device', 'lpt9-server'],
    ['CON', 'it has upper-case letters', 'con-server'],
    ['node', 'is a name reserved by Node.js', 'node-server'],
    ['fs', 'is a name reserved by Node.js', 'fs-server'],
    ['http', 'is a name reserved by Node.js', 'http-server'],
    ['test', 'is a name reserved by Node.js', 'test-server'],
    ['node_modules', 'it has "_"', 'node-modules-server'],
    ['zod', '"zod" is the name of a package that the project may depend on.', 'zod-server'],
    [
      'x'.repeat(300),
      'The project name has 300 characters; at most 53 are allowed',
      'x'.repeat(53),
    ],
  ])('%j', (name, reason, suggested) => {
    const problems = check(name);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toContain(reason);
    expect(problems[0]?.hint).toBe(`Try ${suggested}.`);
    expect(check(suggested)).toEqual([]);
  });
});

it('reports a name that is too long and wrong as both', () => {
  const problems = check('X'.repeat(300));
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringContaining('has 300 characters'),
    expect.stringContaining('it has upper-case letters'),
  ]);
});

it('suggests a valid name for any text', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ maxLength: 120 }),
    fc.constantFrom('con', 'zod', 'fs', 'node', 'x'.repeat(60)),
  );
  fc.assert(
    fc.property(text, (name) => {
      expect(check(suggestName(name, DEPENDENCIES))).toEqual([]);
    }),
    { numRuns: 2000 },
  );
  // 1 s of CPU time.
}, 30_000);
