/** docs/security.md and docs/resilience.md promise a test for every row: each one exists under the name that is written there. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const documents = { 'docs/security.md': 'test/hostile', 'docs/resilience.md': 'test/faults' };

const rows = Object.entries(documents).flatMap(([document, folder]) =>
  readFileSync(document, 'utf8')
    .split('\n')
    .filter((line) => /^\| (?!(attack|fault) \|)/.test(line))
    .map((row) => [row, folder] as const),
);

/** `` `keys` no key · an empty key `` → the file and the names; a file stays the same until another one is named. */
function testsOf(row: string): { file: string; name: string }[] {
  const cell = row.split(' | ').at(-1)?.replace(/ \|$/, '') ?? '';
  let file = '';
  return cell.split(' · ').map((part) => {
    const [, named, name = part] = /^`([\w-]+)` (.*)$/.exec(part) ?? [];
    file = named ?? file;
    return { file, name };
  });
}

it('has many rows', () => {
  expect(rows.length).toBeGreaterThan(80);
});

it.each(rows)('%s', (row, folder) => {
  expect(row.split(' | ')).toHaveLength(3);
  const missing = testsOf(row).filter(({ file, name }) => {
    const path = `${folder}/${file}.test.ts`;
    return !existsSync(path) || !readFileSync(path, 'utf8').includes(name);
  });
  expect(missing).toEqual([]);
});
