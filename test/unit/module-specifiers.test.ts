import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { moduleSpecifiers } from '../../src/text/module-specifiers.js';

describe('finds', () => {
  it.each<[string, string, string[]]>([
    ['names', "import { a, type B } from './a.js';", ['./a.js']],
    ['a default and names', "import d, { a as b } from 'x';", ['x']],
    ['a namespace', "import * as all from '../x/y.js';", ['../x/y.js']],
    ['effects', 'import \'./a.js\';\nimport "b";', ['./a.js', 'b']],
    ['types', "import type { A } from './a.js';\nimport type B from 'b';", ['./a.js', 'b']],
    ['several lines', "import {\n  a,\n  // from 'no'\n  b,\n} from './a.js';", ['./a.js']],
    ['attributes', "import x from './x.json' with { type: 'json' };", ['./x.json']],
    ['re-exports', "export { a } from './a.js';\nexport * from './b.js';", ['./a.js', './b.js']],
    ['re-exported types', "export type { A } from 'a';\nexport type * as t from 'b';", ['a', 'b']],
    [
      'lazy ones',
      "const m = await import('./m.js');\nimport(\n'./n.js',\n);",
      ['./m.js', './n.js'],
    ],
    ['types in place', "let a: import('./a.js').A;", ['./a.js']],
    ['names that are words', "import { from, type as type } from './a.js';", ['./a.js']],
    ['a default that is a word', "import from from 'x';\nimport type from 'y';", ['x', 'y']],
    ['no white space', "import{a}from'x';export*from'y'", ['x', 'y']],
    [
      'what stands in a template',
      `const t = \`\${await import('./t.js')} \${{ a: 1 }.a}\`;`,
      ['./t.js'],
    ],
    [
      'what follows odd tokens',
      "const r = /['\"`]/g; const s = '\\'';\nimport('./a.js');",
      ['./a.js'],
    ],
    [
      'what follows a division',
      "const q = a / b; // '\nimport('./a.js'); const z = 1 / 2;",
      ['./a.js'],
    ],
    ['what follows nested templates', `f(\`a \${g(\`b\`)} c\`);\nimport('./a.js');`, ['./a.js']],
    ['what follows a character class', "x.split(/[/']/);\nimport('./a.js');", ['./a.js']],
  ])('%s', (_, text, expected) => {
    expect(moduleSpecifiers(text)).toEqual(expected);
  });
});

describe('does not take for an import', () => {
  it.each([
    ['comments', "// import './a.js';\n/* import b from './b.js';\n * export * from './c.js' */"],
    ['strings', `const a = "import './a.js';"; const b = 'export * from "b"';`],
    ['templates', "const a = `\nimport x from './a.js';\nexport * from './b.js';\n`;"],
    ['regular expressions', "const a = /import('x')/; const b = /[/]import 'x'/;"],
    ['import.meta', "new URL('./x.js', import.meta.url); import.meta.resolve('./y.js');"],
    ['exports of its own', "export { a };\nexport const from = './a.js';\nexport type A = 'from';"],
    ['properties', "x.import('./a.js'); const y = { import: 'a', from: 'b' };"],
    ['what is not known', `import(name);\nimport(\`./\${name}.js\`);\nimport('./a' + b);`],
  ])('%s', (_, text) => {
    expect(moduleSpecifiers(text)).toEqual([]);
  });
});

it('finds in all of our own files and templates what esbuild finds', async () => {
  const files = (
    await Promise.all(
      ['src', 'templates', 'test', 'bench'].map(async (folder) =>
        (await readdir(folder, { recursive: true })).map((file) => join(folder, file)),
      ),
    )
  )
    .flat()
    .filter((file) => /\.m?[jt]s$/.test(file) && !/[\\/]slots[\\/]/.test(file));
  expect(files.length).toBeGreaterThan(300);
  for (const file of files) {
    const text = await readFile(file, 'utf8');
    const ours = moduleSpecifiers(text);
    const theirs = await specifiersOfEsbuild(text);
    // It drops what is for types alone.
    expect({ file, missing: theirs.filter((one) => !ours.includes(one)) }).toEqual({
      file,
      missing: [],
    });
    const onlyTypes = ours.filter((one) => !theirs.includes(one));
    const unexplained = onlyTypes.filter((one) => !typeImportOf(one).test(text));
    expect({ file, unexplained }).toEqual({ file, unexplained: [] });
  }
}, 60_000);

/** An import for types alone, in one of its three forms. */
function typeImportOf(specifier: string): RegExp {
  const quoted = `['"]${specifier.replace(/[.*+?^$\\/]/g, '\\$&')}['"]`;
  return new RegExp(`(?:import|export) type [^;]*from ${quoted}|(?<!await )import\\(${quoted}\\)`);
}

async function specifiersOfEsbuild(contents: string): Promise<string[]> {
  const found: string[] = [];
  await build({
    stdin: { contents, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    logLevel: 'silent',
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    plugins: [
      {
        name: 'listen',
        setup: (builder) =>
          builder.onResolve({ filter: /.*/ }, ({ path, kind }) => {
            if (/^(?:import-statement|dynamic-import)$/.test(kind)) found.push(path);
            return kind === 'entry-point' ? null : { path, external: true };
          }),
      },
    ],
  });
  return found;
}
