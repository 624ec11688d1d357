/** The codes of errors that generated servers make themselves are labels of their metrics; one that is missing there would count as an error of a tool. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const KIT = 'kit/src';
const LABELS = join(KIT, 'telemetry/metrics.ts');

it('every code has its label', () => {
  const sources = readdirSync(KIT, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const codes = sources.flatMap((file) =>
    [...readFileSync(join(KIT, file), 'utf8').matchAll(/new (?:Tool|Api)Error\(\s*'(\w+)'/g)].map(
      ([, code]) => code,
    ),
  );
  expect(codes.length).toBeGreaterThan(10);
  const labels = readFileSync(LABELS, 'utf8');
  expect([...new Set(codes)].filter((code) => !labels.includes(`'${code}'`))).toEqual([]);
});
