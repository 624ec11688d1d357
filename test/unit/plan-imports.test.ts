import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sortImports } from '../../src/plan/imports.js';
import { biome } from '../support/biome.js';

const CONFIG = {
  formatter: { indentStyle: 'space', indentWidth: 2, lineWidth: 100 },
  javascript: { formatter: { quoteStyle: 'single' } },
  linter: { enabled: false },
};

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imports-'));
  await writeFile(join(folder, 'biome.json'), JSON.stringify(CONFIG));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What Biome makes of each text, in one run. */
async function organize(texts: readonly string[]): Promise<string[]> {
  const files = texts.map((_, index) => join(folder, `file-${index}.ts`));
  await Promise.all(files.map((file, index) => writeFile(file, texts[index] ?? '')));
  const { output } = await biome(folder, 'check', '--write', '.');
  expect(output).toContain(`Checked ${texts.length + 1} files`);
  return Promise.all(files.map((file) => readFile(file, 'utf8')));
}

const segment = fc.constantFrom('a', 'b', 'A', 'B', 'ab', 'a-b', 'a_b', 'aB', 'a2', 'a10', 'zod');
const source = fc
  .tuple(
    fc.constantFrom('', '', './', './', '../', '../../', 'node:', '@a/', '@b-c/', '#'),
    fc.array(segment, { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '.js'),
  )
  .map(([prefix, path, suffix]) => prefix + path.join('/') + suffix)
  // A bare specifier with capitals is no package name; nobody imports that.
  .filter((text) => /^[.#]/.test(text) || text === text.toLowerCase());

const NAMES = ['a', 'B', 'type C', 'd2', 'd10', '_e', '$f', 'aB', 'ab', 'Ab'];

interface Import {
  readonly source: string;
  readonly keyword: string;
  readonly clause: string;
  readonly names: number;
}

const statement: fc.Arbitrary<Import> = fc.record({
  source,
  keyword: fc.constantFrom('import ', 'import ', 'import type '),
  clause: fc.constantFrom('named', 'named', 'named', 'default', 'namespace'),
  names: fc.integer({ min: 1, max: 4 }),
});

/** One import per line, every local name different. */
function moduleOf(imports: readonly Import[]): string {
  const lines = imports.map(({ source, keyword, clause, names }, index) => {
    if (clause === 'default') return `${keyword}def${index} from '${source}';`;
    if (clause === 'namespace') return `${keyword}* as ns${index} from '${source}';`;
    const list = Array.from({ length: names }, (_, offset) => {
      const name = `${NAMES[(index * 7 + offset * 3) % NAMES.length]}${'x'.repeat(index * 4)}`;
      return keyword === 'import ' ? name : name.replace('type ', '');
    });
    return `${keyword}{ ${list.join(', ')} } from '${source}';`;
  });
  return `${lines.join('\n')}\n\nexport const value = 1;\n`;
}

it('sorts and merges imports exactly as Biome does', async () => {
  const texts = fc
    .sample(fc.array(statement, { minLength: 2, maxLength: 8 }), { numRuns: 400, seed: 2 })
    .map(moduleOf);
  expect(texts.map(sortImports)).toEqual(await organize(texts));
});

it('keeps comments, side effects and the rest of the file where Biome keeps them', async () => {
  const texts = [
    `/** About the file. */\nimport { b } from './b.js';\nimport { a } from './a.js';\n\nexport { a, b };\n`,
    `/** About the file. */\nimport { a } from './a.js';\nimport { b } from './b.js';\n\nexport { a, b };\n`,
    `// About the file.\n\nimport { b } from './b.js';\n// about a\nimport { a } from './a.js';\n\nexport { a, b };\n`,
    `#!/usr/bin/env node\n// First of all.\nimport './guard.js';\nimport { b } from './b.js';\nimport { a } from './a.js';\n\na(b);\n`,
    `import { b } from './b.js';\nimport { a } from './a.js';\n\n// Stands alone.\n\nimport { d } from './d.js';\nimport { c } from './c.js';\n\na(b, c, d);\n`,
    `import type * as b from './b.js';\nimport a, { c } from './b.js';\nimport d from './a.json' with { type: 'json' };\n\nconst text = \`\nimport { z } from './z.js';\nimport { y } from './y.js';\n\`;\na(text);\n`,
    `export { b } from './b.js';\nexport type { A } from './a.js';\nexport * from './c.js';\nexport { a } from './a.js';\n`,
    `import {\n  one,\n  two,\n} from './b.js';\nimport { a } from './a.js'; // why\n\na(one, two);\n`,
    `import { one } from './b.js';\nimport { one as two, three } from './b.js';\n\none(two, three);\n`,
  ];
  expect(texts.map(sortImports)).toEqual(await organize(texts));
});

it('writes an import once that two fragments bring', () => {
  expect(sortImports(`import { a } from './a.js';\nimport { a } from './a.js';\n\na();\n`)).toBe(
    `import { a } from './a.js';\n\na();\n`,
  );
});

it('leaves a sorted module as it is', () => {
  fc.assert(
    fc.property(fc.array(statement, { minLength: 1, maxLength: 8 }), (imports) => {
      const sorted = sortImports(moduleOf(imports));
      expect(sortImports(sorted)).toBe(sorted);
    }),
  );
});
