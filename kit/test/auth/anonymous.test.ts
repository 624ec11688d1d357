import { expect, test } from 'vitest';
import { anonymous } from '../../src/auth/anonymous.js';
import { openPart } from '../support/app.js';

const start = (env: Record<string, string>) => openPart(anonymous(), env).authenticate;

test('everyone on this machine may call', async () => {
  const authenticate = start({ HOST: '127.0.0.1' });
  expect(await authenticate(new Headers(), '127.0.0.1')).toEqual({
    principal: { id: 'anonymous@127.0.0.1', scopes: ['*'] },
  });
});

test('the server does not start where other machines can reach it', () => {
  expect(() => start({ HOST: '0.0.0.0' })).toThrow('ALLOW_UNAUTHENTICATED');
});

test('unless that is wanted', () => {
  expect(() => start({ HOST: '0.0.0.0', ALLOW_UNAUTHENTICATED: 'true' })).not.toThrow();
});
