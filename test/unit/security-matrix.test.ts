/** docs/security.md promises a test for every row: each one exists under the name that is written there. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const rows = readFileSync('docs/security.md', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| attack |'));

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
  expect(rows.length).toBeGreaterThan(50);
});

it.each(rows)('%s', (row) => {
  expect(row.split(' | ')).toHaveLength(3);
  const missing = testsOf(row).filter(({ file, name }) => {
    const path = `test/hostile/${file}.test.ts`;
    return !existsSync(path) || !readFileSync(path, 'utf8').includes(name);
  });
  expect(missing).toEqual([]);
});
