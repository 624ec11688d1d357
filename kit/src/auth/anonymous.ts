import type { App } from '../calls/services.js';
import { ConfigError } from '../settings.js';
import type { Authenticator } from './authenticator.js';

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** What the HTTP server does not start without: nothing. */
export const requiredSettings: string[] = [];

/**
 * Lets everyone in, because only this machine can reach the server. Callers are told apart by their address.
 * @throws {ConfigError} when other machines could, unless `ALLOW_UNAUTHENTICATED` says that this is wanted.
 */
export function createAuthenticator({ config }: Pick<App, 'config'>): Authenticator {
  const { HOST, ALLOW_UNAUTHENTICATED } = config;
  if (!LOOPBACK.includes(HOST) && !ALLOW_UNAUTHENTICATED) {
    throw new ConfigError([
      `HOST: ${HOST} is open to other machines and nobody has to authenticate; use 127.0.0.1, or set ALLOW_UNAUTHENTICATED=true`,
    ]);
  }
  return (_, address = 'unknown') => ({
    principal: { id: `anonymous@${address}`, scopes: ['*'] },
  });
}
