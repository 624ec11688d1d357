import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { compareSources, insertExport, parseBarrel } from '../../src/add/barrel.js';
import { primitiveNames } from '../../src/add/names.js';
import { biome } from '../support/biome.js';

const FILE = 'src/tools/index.ts';
const line = (file: string) => `export { ${primitiveNames(file).identifier} } from './${file}.js';`;
const insert = (text: string, file = 'm') =>
  insertExport(parseBarrel(text, FILE), primitiveNames(file).identifier, file);

describe('insertExport', () => {
  test.each([
    ['an empty file', '', `${line('m')}\n`],
    ['a file with only a comment', '// Tools.\n', `// Tools.\n${line('m')}\n`],
    ['a file that exports nothing', 'export {};\n', `${line('m')}\n`],
    ['the same below a comment', '// Tools.\nexport {};\n', `// Tools.\n${line('m')}\n`],
    ['the same with line ends of Windows', 'export {};\r\n', `${line('m')}\r\n`],
    ['a sorted file', `${line('a')}\n${line('z')}\n`, `${line('a')}\n${line('m')}\n${line('z')}\n`],
    [
      'an unsorted file',
      `${line('z')}\n${line('a')}\n`,
      `${line('z')}\n${line('a')}\n${line('m')}\n`,
    ],
    ['no newline at the end', line('a'), `${line('a')}\n${line('m')}\n`],
    [
      'Windows line ends and a byte order mark',
      `\uFEFF${line('a')}\r\n${line('z')}\r\n`,
      `\uFEFF${line('a')}\r\n${line('m')}\r\n${line('z')}\r\n`,
    ],
    [
      'a comment that belongs to the next line',
      `${line('a')}\n// The last one.\n${line('z')}\n`,
      `${line('a')}\n${line('m')}\n// The last one.\n${line('z')}\n`,
    ],
    [
      'a heading',
      `/*\n * Tools.\n */\n\n${line('a')}\n`,
      `/*\n * Tools.\n */\n\n${line('a')}\n${line('m')}\n`,
    ],
    [
      'lines in other styles',
      `export {a} from "./a.js"\nexport { b, c as d, } from './b.js'; // two\n`,
      `export {a} from "./a.js"\nexport { b, c as d, } from './b.js'; // two\n${line('m')}\n`,
    ],
  ])('%s', (_title, before, after) => {
    expect(insert(before)).toBe(after);
  });

  test('is a pure insertion into any barrel', () => {
    const name = fc.stringMatching(/^[a-z]{1,5}(-[a-z0-9]{1,3})?$/);
    const part = fc.oneof(name.map(line), fc.constantFrom('', '// note', '/* note */', ' '));
    const eol = fc.constantFrom('\n', '\r\n');
    const text = fc.tuple(fc.array(part), eol, fc.boolean()).map(([parts, end, last]) => {
      return parts.join(end) + (last ? end : '');
    });
    fc.assert(
      fc.property(text, name, (before, file) => {
        fc.pre(!before.includes(line(file)));
        const after = insert(before, file);
        const at = after.indexOf(line(file));
        const rest = [...Array(after.length - before.length).keys()];
        // Some run of the added length can be cut out so that the text is as before.
        const cuts = rest.concat([after.length - before.length]).map((shift) => at - shift);
        const isPure = cuts.some((cut) => {
          const length = after.length - before.length;
          return cut >= 0 && after.slice(0, cut) + after.slice(cut + length) === before;
        });
        expect(isPure).toBe(true);
        const own = primitiveNames(file).identifier;
        expect(parseBarrel(after, FILE).names).toContain(own);
      }),
    );
  });
});

test.each([
  ['code', `${line('a')}\nconst x = 1;\n`, 2],
  ['a star export', `export * from './a.js';`, 1],
  ['a local export', `${line('a')}\n\nexport { a };`, 3],
  ['half a line', 'export { a from', 1],
  ['a default export', 'export default {};', 1],
  ['a side effect', "import './a.js';", 1],
  ['a package', "export { a } from 'a';", 1],
  ['something behind a comment', '/* a */ const x = 1;', 1],
  ['a merge conflict', `${line('a')}\n<<<<<<< HEAD\n`, 2],
])('%s is refused with file and line', (_title, text, number) => {
  expect(() => parseBarrel(text, FILE)).toThrow(`${FILE}:${number} is not an export line`);
});

test('a comment without end is refused', () => {
  expect(() => parseBarrel('/* oh', FILE)).toThrow('ends inside a comment');
});

test('the order of lines is the order of Biome', async () => {
  const names = fc.sample(fc.stringMatching(/^[a-z][a-z0-9A-Z_-]{0,6}$/), {
    numRuns: 800,
    seed: 1,
  });
  const sources = [...new Set(names.filter((name) => !/--|[-_]$/.test(name)))]
    .map((name) => `./${name}.js`)
    .sort(compareSources);
  const folder = mkdtempSync(path.join(tmpdir(), 'barrel-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'index.ts');
  const text = sources.map((source, i) => `export { x${i} } from '${source}';\n`).join('');
  writeFileSync(path.join(folder, 'biome.json'), readFileSync('templates/base/files/biome.json'));
  writeFileSync(file, text);
  await biome(folder, 'check', '--vcs-enabled=false', '--write', 'index.ts');
  expect(readFileSync(file, 'utf8')).toBe(text);
});
