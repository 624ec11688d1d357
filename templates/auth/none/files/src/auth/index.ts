import { type Config, ConfigError } from '../config.js';
import type { Authenticator } from './authenticator.js';

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];
const ANYONE = { id: 'anonymous', scopes: ['*'] };

/**
 * Lets everyone in, because only this machine can reach the server.
 * @throws {ConfigError} when other machines could, unless `ALLOW_UNAUTHENTICATED` says that this is wanted.
 */
export function createAuthenticator({ HOST, ALLOW_UNAUTHENTICATED }: Config): Authenticator {
  if (!LOOPBACK.includes(HOST) && !ALLOW_UNAUTHENTICATED) {
    throw new ConfigError([
      `HOST: ${HOST} is open to other machines and nobody has to authenticate; use 127.0.0.1, or set ALLOW_UNAUTHENTICATED=true`,
    ]);
  }
  return async () => ({ principal: ANYONE });
}
