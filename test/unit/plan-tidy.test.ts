import { expect, it } from 'vitest';
import { tidy } from '../../src/plan/tidy.js';
import { matchesAny } from '../../src/text/globs.js';

it.each([
  ['one newline at the end', 'a.md', '\n\na\n\n\n', 'a\n'],
  ['nothing from white space', 'a.md', ' \n\t\n', ''],
  ['one blank line at most', 'a.md', 'a\n\n \n\t\n\nb', 'a\n\nb\n'],
  ['line breaks of Markdown', 'a.md', 'a  \nb\n', 'a  \nb\n'],
  ['no gap inside brackets of code', 'a.ts', 'f({\n\n  a,\n\n});\n', 'f({\n  a,\n});\n'],
  [
    'no gap in brackets of JSON',
    'a.json',
    '{\n\n  "a": [\n\n1\n\n]\n\n}\n',
    '{\n  "a": [\n1\n]\n}\n',
  ],
  ['gaps inside brackets of other text', 'a.md', '(\n\na\n\n)\n', '(\n\na\n\n)\n'],
  ['nested closing brackets', 'a.ts', 'f({ a: {\n\nb\n\n}\n\n});\n', 'f({ a: {\nb\n}\n});\n'],
])('keeps or makes %s', (_, path, text, expected) => {
  expect(tidy(path, text)).toBe(expected);
});

it.each([
  ['README.md', 'README.md', true],
  ['docs/README.md', 'README.md', false],
  ['src/tools/a.ts', 'src/tools/*.ts', true],
  ['src/tools/b/a.ts', 'src/tools/*.ts', false],
  ['src/tools/b/a.ts', 'src/tools/**', true],
  ['src/tools/b/a.ts', 'src/**/*.ts', true],
  ['src/a.ts', 'src/**/*.ts', true],
  ['READMEamd', 'README.md', false],
  ['.env.example', '.env*', true],
])('%s is in %s: %s', (path, glob, expected) => {
  expect(matchesAny(path, [glob])).toBe(expected);
});
