import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadCatalog } from '../../src/catalog/load.js';
import type { Axis } from '../../src/model.js';

const README = new URL('../../README.md', import.meta.url);
const BETWEEN = /(<!-- choices:.*-->\n)[\s\S]*?(<!-- \/choices -->)/;

test('the table of choices is what the catalog offers (`npm run docs` writes it)', async () => {
  const { axes } = await loadCatalog(new URL('../../templates', import.meta.url).pathname);
  const readme = readFileSync(README, 'utf8');
  const expected = readme.replace(BETWEEN, (_, start, end) => `${start}${table(axes)}${end}`);
  if (process.env['UPDATE_DOCS']) writeFileSync(README, expected);
  else expect(readme).toBe(expected);
});

function table(axes: readonly Axis[]): string {
  const rows = axes.flatMap((axis) =>
    axis.features.map((feature, index) => {
      const flag = index === 0 ? `\`--${axis.id}\`${axis.multiple ? ' (several)' : ''}` : '';
      return `| ${flag} | \`${feature.id}\` | ${feature.label}: ${feature.hint} |`;
    }),
  );
  return `\n${['| flag | value | |', '|---|---|---|', ...rows].join('\n')}\n\n`;
}
