import { BlockList, isIP as isIPOfNode, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isIP, networkOf } from '../../src/http/ip.js';

/** Texts that are addresses, or nearly. */
const group = fc.constantFrom('', '', '0', '1', 'ffff', '00a', '12345', 'g', '1.2.3.4');
const nearly = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc
    .array(fc.integer({ min: 0, max: 300 }), { minLength: 3, maxLength: 5 })
    .map((all) => all.join('.')),
  fc.array(group, { minLength: 1, maxLength: 10 }).map((all) => all.join(':')),
  fc.ipV4().map((address) => `::ffff:${address}`),
  fc.string(),
);

test('what is an address for Node.js is one here, and nothing else', () => {
  fc.assert(
    fc.property(nearly, (text) => {
      fc.pre(!text.includes('%'));
      expect(isIP(text)).toBe(isIPOfNode(text) > 0);
    }),
    { numRuns: 2_000 },
  );
});

const typeOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4');

test('a network has the addresses that it has for Node.js', () => {
  const near = (address: string) =>
    fc.constantFrom(address, address.replace(/[^.:]*$/, '1'), address.replace(/^[^.:]*/, '1'));
  const asked = fc
    .oneof(fc.ipV4(), fc.ipV6())
    .chain((start) =>
      fc.tuple(
        fc.constant(start),
        fc.integer({ min: 0, max: isIPv6(start) ? 128 : 32 }),
        fc.oneof(near(start), fc.ipV4(), fc.ipV6()),
      ),
    );
  fc.assert(
    fc.property(asked, ([start, bits, address]) => {
      const list = new BlockList();
      list.addSubnet(start, bits, typeOf(start));
      const contains = networkOf(`${start}/${bits}`);
      expect(contains?.(address)).toBe(list.check(address, typeOf(address)));
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['10.0.0.0/8', '::ffff:10.1.2.3', true],
  ['10.0.0.0/8', '::ffff:a01:203', true],
  ['::ffff:10.0.0.0/104', '10.1.2.3', true],
  ['::ffff:10.0.0.0/104', '11.1.2.3', false],
  ['10.0.0.1', '10.0.0.1', true],
  ['10.0.0.1', '10.0.0.2', false],
  ['2001:db8::/32', 'nonsense', false],
])('%s and %s: %s', (network, address, isIn) => {
  expect(networkOf(network)?.(address)).toBe(isIn);
});

test.each([
  '',
  'all',
  '10.0.0.0/',
  '10.0.0.0/33',
  '::/129',
  '10.0.0.0/8/8',
  '10.0.0.0/-1',
  '1.2.3/8',
])('%j is no network', (text) => {
  expect(networkOf(text)).toBeUndefined();
});
