import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../../src/host/node/project.js';
import { withProjectPaths } from '../../src/store/postgres.js';

test('certificates and keys are relative to the project, the rest of the address stays', () => {
  const address = 'postgres://u:p%40ss@db.example.com:5432/app?sslmode=verify-full';
  expect(withProjectPaths(address)).toBe(address);
  const files = '&sslrootcert=certs/my%20ca.pem&sslkey=/run/secrets/key';
  const { searchParams } = new URL(withProjectPaths(address + files));
  expect(searchParams.get('sslmode')).toBe('verify-full');
  expect(searchParams.get('sslrootcert')).toBe(join(PROJECT, 'certs/my ca.pem'));
  expect(searchParams.get('sslkey')).toBe('/run/secrets/key');
});
