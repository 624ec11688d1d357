import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadCatalog } from '../../src/catalog/load.js';
import type { Axis } from '../../src/catalog/types.js';
import { UsageError } from '../../src/errors.js';
import { resolveSpec } from '../../src/project-spec/index.js';

const ROOT = new URL('../../', import.meta.url);
const README = new URL('README.md', ROOT);
const BETWEEN = /(<!-- choices:.*-->\n)[\s\S]*?(<!-- \/choices -->)/;

const catalog = () => loadCatalog(fileURLToPath(new URL('templates', ROOT)));
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(new URL('docs', ROOT))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

test('the table of choices is what the catalog offers (`npm run docs` writes it)', async () => {
  const { axes } = await catalog();
  const readme = readFileSync(README, 'utf8');
  const expected = readme.replace(BETWEEN, (_, start, end) => `${start}${table(axes)}${end}`);
  if (process.env['UPDATE_DOCS']) writeFileSync(README, expected);
  else expect(readme).toBe(expected);
});

test('the sample of a refusal is what the program says', async () => {
  const readme = readFileSync(README, 'utf8');
  const [, transport, auth, sample] =
    /^\$ npx .* --transport (\S+) --auth (\S+)\n(✖[\s\S]*?)\n```/m.exec(readme) ?? [];
  const input = { name: 'my-server', choices: { transport, auth } };
  const all = await catalog();
  expect(refusal(() => resolveSpec(input, all))).toBe(sample);
});

describe.each(pages)('%s', (page) => {
  const url = new URL(page, ROOT);
  const text = readFileSync(url, 'utf8');

  test('every relative link leads somewhere', () => {
    const links = [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(([, link = '']) => link);
    const relative = links.filter((link) => !/^[a-z]+:/.test(link));
    expect(relative.filter((link) => !existsSync(new URL(link, url)))).toEqual([]);
  });

  test('every `npm run` is a script', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'));
    const names = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = '']) => name);
    expect(names.filter((name) => !(name in scripts))).toEqual([]);
  });
});

/** What a person sees of a UsageError. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.problems.map(({ message, hint }) => `✖ ${message}\n  ${hint}`).join('\n');
  }
  throw new Error('It was not refused.');
}

function table(axes: readonly Axis[]): string {
  const rows = axes.flatMap((axis) =>
    axis.features.map((feature, index) => {
      const flag = index === 0 ? `\`--${axis.id}\`${axis.multiple ? ' (several)' : ''}` : '';
      return `| ${flag} | \`${feature.id}\` | ${feature.label}: ${feature.hint} |`;
    }),
  );
  return `\n${['| flag | value | |', '|---|---|---|', ...rows].join('\n')}\n\n`;
}
