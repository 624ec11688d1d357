import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { withSourcePlaces } from '../../src/host/node/host.js';
import { PROJECT } from '../../src/host/node/project.js';

/** Where the bundle has this piece of code. */
function placeOf(code: string): string {
  const dist = join(PROJECT, 'dist');
  for (const file of readdirSync(dist).filter((name) => name.endsWith('.js'))) {
    const lines = readFileSync(join(dist, file), 'utf8').split('\n');
    const row = lines.findIndex((line) => line.includes(code));
    const column = lines[row]?.indexOf(code) ?? 0;
    if (row >= 0) return `${pathToFileURL(join(dist, file))}:${row + 1}:${column + 1}`;
  }
  throw new Error(`The bundle does not have ${code}`);
}

test('a place in the bundle is named as in the source', () => {
  const code = 'process.loadEnvFile(';
  const source = new URL('../../src/host/node/project.ts', import.meta.url);
  const lines = readFileSync(source, 'utf8').split('\n');
  const line = lines.findIndex((text) => text.includes(code)) + 1;
  const shown = withSourcePlaces(`at loadEnvFile (${placeOf(code)})`);
  expect(shown).toContain(`/src/host/node/project.ts:${line}:`);
});

test.each([
  placeOf('const $ZodError =') /* a package */,
  'file:///etc/dist/passwd.js:1:1',
  '/srv/dist/http.js:1:1',
])('%s stays', (place) => {
  expect(withSourcePlaces(place)).toBe(place);
});

test('a text that somebody made up takes no long time', () => {
  const started = performance.now();
  for (const part of ['file://', 'file:///dist/', pathToFileURL(join(PROJECT, 'dist/a')).href]) {
    withSourcePlaces(part.repeat(1_000_000 / part.length));
  }
  expect(performance.now() - started).toBeLessThan(1_000);
});
