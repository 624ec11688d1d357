import * as z from 'zod/v4';
import { bool, ConfigError } from '../definitions/settings.js';
import type { AuthPart } from '../http/app.js';

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

const settings = {
  HOST: z.string().default('127.0.0.1'),
  ALLOW_UNAUTHENTICATED: bool(false),
};

/**
 * Lets everyone in, because only this machine can reach the server. Callers are told apart by their address. The server does not
 * start when other machines could reach it, unless `ALLOW_UNAUTHENTICATED` says that this is wanted.
 */
export function anonymous(): AuthPart<typeof settings> {
  return {
    kind: 'auth',
    settings,
    carriesRole: () => false,
    carriesClaims: false,
    credentialHeaders: [],
    open({ config: { HOST, ALLOW_UNAUTHENTICATED } }) {
      if (!LOOPBACK.includes(HOST) && !ALLOW_UNAUTHENTICATED) {
        throw new ConfigError([
          `HOST: ${HOST} is open to other machines and nobody has to authenticate; use 127.0.0.1, or set ALLOW_UNAUTHENTICATED=true`,
        ]);
      }
      return {
        isOpen: true,
        authenticate: (_, address = 'unknown') => ({
          principal: { id: `anonymous@${address}`, scopes: ['*'] },
        }),
      };
    },
  };
}
