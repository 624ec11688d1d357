import { UriTemplate } from '@modelcontextprotocol/server';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { matcherFor } from '../../src/protocol/features.js';

/** What means something to a regular expression or to a URI, and a bit of text. */
const SIGNS = ['x', '/', '.', '://', '[', '\\', '$', '|', '(', '^', '-'];

const part = fc.constantFrom('{a}', '{b}', '{+c}', '{a1_}', ...SIGNS);
const template = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(''));
const address = fc
  .array(fc.constantFrom('y', ',', '%20', '\n', ...SIGNS), { maxLength: 8 })
  .map((parts) => parts.join(''));

test('a plain template matches what it matches in the MCP SDK', () => {
  fc.assert(
    fc.property(template, address, (uriTemplate, href) => {
      const match = matcherFor(uriTemplate);
      if (match === undefined) return;
      expect(match(href) ?? null).toEqual(new UriTemplate(uriTemplate).match(href));
    }),
    { numRuns: 5_000, seed: 7 },
  );
});

test.each([
  'test://{a}/{a}',
  'test://{?q}',
  'test://{/path}',
  'test://{list*}',
  'test://{a,b}',
  'test://{#a}',
  'test://{}',
  'test://{ a }',
  'test://{__proto__}',
  'test://a}b',
  'test://a{b',
])('%s is for the SDK', (uriTemplate) => {
  expect(matcherFor(uriTemplate)).toBeUndefined();
});
