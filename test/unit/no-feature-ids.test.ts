/** What can be chosen is data: code that names a feature would have to change with every new one. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadCatalog } from '../../src/catalog/load.js';
import { TEMPLATES } from '../support/render.js';

/** Names of protocols, which are words of their own before they are choices of ours. */
const PROTOCOL_WORDS = new Set(['stdio', 'http']);
/** Everyday words: only a string that is nothing else counts. */
const EVERYDAY = new Set(['none', 'minimal', 'notes', 'fly']);

interface Finding {
  readonly line: number;
  readonly id: string;
}

/** Feature ids in the code of a module, not in its comments. */
function findIds(source: string, ids: readonly string[]): Finding[] {
  const code = source
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|\s)\/\/.*$/gm, '$1');
  return code.split('\n').flatMap((line, index) =>
    ids
      .filter((id) => {
        const exact = new RegExp(`(['"\`])${id}\\1`).test(line);
        if (EVERYDAY.has(id)) return exact;
        // Not as part of a longer word, and not in module names of imports.
        const word = new RegExp(`(?<![\\w@/.-])${id}(?![\\w-])`).test(line);
        return exact || (word && !/^import\b|\bimport\(/.test(line.trim()));
      })
      .map((id) => ({ line: index + 1, id })),
  );
}

it('finds ids in strings and code, not in comments or longer words', () => {
  const ids = ['sqlite', 'none', 'npm', 'api-key'];
  const found = (source: string) => findIds(source, ids).map(({ id }) => id);
  expect(found(`if (store === 'sqlite') x();`)).toEqual(['sqlite']);
  expect(found(`const table = { sqlite: 1 };`)).toEqual(['sqlite']);
  expect(found('run(`npm install`);')).toEqual(['npm']);
  expect(found(`{ auth: "api-key" }`)).toEqual(['api-key']);
  expect(found(`a === 'none' || 'none of it'`)).toEqual(['none']);
  expect(found(`// sqlite\n/* npm\n * none */ const npmrc = 'x-api-key-y';`)).toEqual([]);
  expect(found(`import { x } from './npm.js';`)).toEqual([]);
});

it('code under src/ names no feature', async () => {
  const catalog = await loadCatalog(TEMPLATES);
  const ids = catalog.axes
    .flatMap((axis) => axis.features.map((feature) => feature.id))
    .filter((id) => !PROTOCOL_WORDS.has(id));
  expect(ids.length).toBeGreaterThan(12);

  const files = (await readdir('src', { recursive: true })).filter((name) => name.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(20);
  const found: string[] = [];
  for (const file of files) {
    const source = await readFile(join('src', file), 'utf8');
    found.push(
      ...findIds(source, [...new Set(ids)]).map(({ line, id }) => `src/${file}:${line}: ${id}`),
    );
  }
  expect(found).toEqual([]);
});
