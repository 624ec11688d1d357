/** The codes of errors that generated servers make themselves are labels of their metrics; one that is missing there would count as an error of a tool. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** The file with the labels, and what features add to it. */
const LABELS = /observability\/call-metrics\.ts|slots\/metrics\/codes/;

it('every code has its label', () => {
  const sources = readdirSync('templates', { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.ts(?:\.hbs)?$/.test(file) && !/^(?:starter|tool)\b|\btest\b/.test(file),
  );
  const codes = sources.flatMap((file) =>
    [...readFileSync(join('templates', file), 'utf8').matchAll(/new ToolError\(\s*'(\w+)'/g)].map(
      ([, code]) => code,
    ),
  );
  expect(codes.length).toBeGreaterThan(10);
  const labels = sources
    .filter((file) => LABELS.test(file))
    .map((file) => readFileSync(join('templates', file), 'utf8'))
    .join('');
  expect([...new Set(codes)].filter((code) => !labels.includes(`'${code}'`))).toEqual([]);
});
