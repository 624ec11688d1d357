import { describe, expect, test } from 'vitest';
import { httpSettings } from '../../src/http/app.js';
import { clientAddress } from '../../src/http/guards.js';
import { readSettings } from '../support/app.js';

const FORGED = '9.9.9.9, 203.0.113.7, 10.0.0.2';

const trust = (TRUST_PROXY: string) =>
  readSettings({ settings: httpSettings }, { TRUST_PROXY }).TRUST_PROXY;

describe('X-Forwarded-For', () => {
  test.each([
    ['is ignored', '', '10.0.0.1'],
    ['counts as far as one proxy', '1', '10.0.0.2'],
    ['counts as far as two proxies', '2', '203.0.113.7'],
    ['counts as far as known proxies', '10.0.0.0/8', '203.0.113.7'],
    ['is ignored when a stranger sends it', '192.0.2.1, 2001:db8::/32', '10.0.0.1'],
  ])('%s: TRUST_PROXY=%s', (_, setting, client) => {
    expect(clientAddress('10.0.0.1', FORGED, trust(setting))).toBe(client);
  });

  test.each([
    ['no address', 'unknown', '10.0.0.1'],
    ['a port', '203.0.113.7:4711', '203.0.113.7'],
    ['IPv6 with a port', '[2001:db8:1:2:3::4]:4711', '2001:db8:1:2::/64'],
    ['IPv4 in IPv6', '::ffff:203.0.113.7', '203.0.113.7'],
  ])('with %s', (_, forwardedFor, client) => {
    expect(clientAddress('::ffff:10.0.0.1', forwardedFor, trust('1'))).toBe(client);
  });
});

test.each(['all', '10.0.0.0/99', '10.0.0.1,', '10.0.0.0/'])(
  'TRUST_PROXY=%s is refused',
  (value) => {
    expect(() => trust(value)).toThrow('TRUST_PROXY');
  },
);
