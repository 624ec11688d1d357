import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { DockerfileParser } from 'dockerfile-ast';
import fc from 'fast-check';
import { parse as parseToml } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import * as encode from '../../src/text/encoders.js';
import { biome } from '../support/biome.js';

/** What people paste, on purpose or not. */
const NASTY = [
  `{{name}} {{{description}}} {{> config/fields}}`,
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text has them
  '${HOME} $& $1 $$ `id` $(id)',
  `it's "quoted" \\ and \\n`,
  `line one\nline two\n\n\n\tline three`,
  `", "scripts": { "preinstall": "id" }, "x": "`,
  `# no comment: [a] - {b} & *c !d %e @f | > '`,
  `"""toml""" '''`,
  `👩‍👩‍👧 é ﷽ \u2028 \u2029 \u0085 \ufeff \u200b`,
  ` leading and trailing `,
  `-`,
  `null`,
  `0x10`,
  `1. *list* _it_ [link](x) <b>html</b> &amp; | cell`,
  `FROM evil\nRUN id`,
  `*/ alert() /*`,
];

const text = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.string({
    unit: fc.constantFrom(...`'"\\$\`{}#:-\n\t &*|<>%@![](),._ab1 é😀`),
    maxLength: 40,
  }),
);
const oneLine = (value: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what cannot stand on one line
  value.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();

/** Property: parsing what was encoded gives the text back, in every place it may stand. */
function roundTrips(encoder: (text: string) => string, read: (literal: string) => unknown): void {
  fc.assert(
    fc.property(text, (value) => {
      expect(read(encoder(value))).toBe(value);
    }),
    { numRuns: 500, examples: NASTY.map((value): [string] => [value]) },
  );
}

describe('what a parser reads back is the text', () => {
  it('json', () => roundTrips(encode.json, (literal) => JSON.parse(`[${literal}]`)[0]));

  it('yaml', () => {
    roundTrips(encode.yaml, (literal) => parseYaml(`a:\n  - b: ${literal}\n    c: 1\n`).a[0].b);
    roundTrips(encode.yaml, (literal) => parseYaml(`{ a: [${literal}, 1] }`).a[0]);
  });

  it('toml', () =>
    roundTrips(encode.toml, (literal) => Object.values(parseToml(`a = ${literal}`))[0]));

  it('ts', () => roundTrips(encode.ts, (literal) => runInNewContext(`(${literal})`)));

  it('tsProperty', () =>
    roundTrips(
      (value) => encode.tsProperty(2, 'key', value),
      (line) => runInNewContext(`({\n  ${line}\n})`).key,
    ));

  it('sh', () => {
    const values = fc.sample(text, { numRuns: 400, seed: 1 }).concat(NASTY);
    // No process can be given a NUL.
    const possible = values.filter((value) => !value.includes('\0'));
    const script = `printf '%s\\0' ${possible.map(encode.sh).join(' ')}`;
    const { stdout } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
    expect(stdout.split('\0').slice(0, -1)).toEqual(possible);
  });

  it('dockerfile, on one line', () => {
    fc.assert(
      fc.property(text, (value) => {
        const source = `FROM node\nLABEL title=${encode.dockerfile(value)}\nCMD ["node"]\n`;
        const dockerfile = DockerfileParser.parse(source);
        expect(dockerfile.getInstructions().map((item) => item.getKeyword())).toEqual([
          'FROM',
          'LABEL',
          'CMD',
        ]);
        expect(dockerfile.getInstructions()[1]?.getVariables()).toEqual([]);
        const literal = /title="(.*)"$/m.exec(source)?.[1] ?? '';
        expect(literal.replace(/\\([\\"$])/g, '$1')).toBe(oneLine(value));
      }),
      { numRuns: 300, examples: NASTY.map((value): [string] => [value]) },
    );
  });

  it('comment, on one line', () => {
    fc.assert(
      fc.property(text, (value) => {
        const source = `a: 1 # ${encode.comment(value)}\nb: 2\n`;
        expect(parseYaml(source)).toEqual({ a: 1, b: 2 });
        expect(encode.comment(value)).toBe(oneLine(value));
      }),
    );
  });
});

describe('md', () => {
  it.each([
    ['A plain sentence, (really): 100 % plain – and fine!', undefined],
    [`it's "quoted" {{name}} \${x} $& 😀`, undefined],
    [
      'a *b* _c_ `d` [e](f) <g> h|i ~j~',
      'a \\*b\\* \\_c\\_ \\`d\\` \\[e\\](f) \\<g\\> h\\|i \\~j\\~',
    ],
    ['snake_case and https://x.y/a_b', undefined],
    ['one\ntwo\n\nthree', 'one<br>two<br><br>three'],
    ['# no heading', '\\# no heading'],
    ['- no list\n1. nor this', '\\- no list<br>1\\. nor this'],
    ['&lt; but R&D', '&amp;lt; but R&D'],
    ['back\\slash', 'back\\\\slash'],
    ['  padded  ', 'padded'],
  ])('%j', (value, expected) => {
    expect(encode.md(value)).toBe(expected ?? value);
  });

  it('is always one line', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(encode.md(value)).not.toMatch(/[\r\n]/);
      }),
    );
  });
});

it('writes TypeScript strings as Biome does', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'encoders-'));
  try {
    const config = {
      formatter: { indentStyle: 'space', indentWidth: 2, lineWidth: 100 },
      javascript: { formatter: { quoteStyle: 'single' } },
      linter: { enabled: false },
    };
    const lengths = Array.from(
      { length: 24 },
      (_, index) => 'word '.repeat(14) + 'x'.repeat(index),
    );
    const wide = lengths.map((value) => `日本語 😀 ${value}`);
    const values = [...NASTY, ...lengths, ...wide, ...fc.sample(text, { numRuns: 200, seed: 3 })];
    const source = [
      'export const list = {',
      ...values.map((value, index) => `  ${encode.tsProperty(2, `key${index}`, value)}`),
      '};',
      '',
      ...values.map((value, index) => `export const text${index} =\n  ${encode.ts(value)};`),
      '',
    ].join('\n');
    await writeFile(join(folder, 'biome.json'), JSON.stringify(config));
    await writeFile(join(folder, 'values.ts'), source);
    const run = await biome(folder, 'format', '--write', 'values.ts');
    expect(run.output).toMatch(/Formatted 1 file.*Fixed 1 file/s);
    const formatted = await readFile(join(folder, 'values.ts'), 'utf8');
    // Only the line break after `=` may differ: nothing of ours writes that.
    const join1 = (code: string) => code.replace(/ =\n {2}/g, ' = ');
    expect(join1(source)).toBe(join1(formatted));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
