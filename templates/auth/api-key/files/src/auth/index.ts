import type { Config } from '../config.js';
import { findApiKey } from './api-keys.js';
import type { Authenticator } from './authenticator.js';
import { bearerToken, unauthorized } from './bearer.js';

/** Accepts the keys of `MCP_API_KEYS`, sent as `Authorization: Bearer <key>` or `x-api-key: <key>`. */
export function createAuthenticator({ MCP_API_KEYS }: Config): Authenticator {
  return async (headers) => {
    const bearer = bearerToken(headers);
    const apiKey = headers.get('x-api-key') ?? undefined;
    if (bearer !== undefined && apiKey !== undefined && bearer !== apiKey) {
      return unauthorized('Send one key, not two.', 'invalid_request');
    }
    const presented = bearer ?? apiKey;
    if (presented === undefined) return unauthorized('Send an API key.');
    const key = findApiKey(MCP_API_KEYS, presented);
    if (key === undefined) return unauthorized('This API key is not known.', 'invalid_token');
    return { principal: { id: key.id, scopes: key.scopes } };
  };
}
