import { expect, test } from 'vitest';
import { unauthorized } from '../../src/auth/bearer.js';

test('a parameter of a challenge ends where its text ends', () => {
  const caller = unauthorized('Sign in.', 'invalid_token', { scope: 'a", realm="b\\' });
  expect(caller).toHaveProperty(
    ['refusal', 'headers', 'www-authenticate'],
    'Bearer error="invalid_token", error_description="Sign in.", scope="a\\", realm=\\"b\\\\"',
  );
});
