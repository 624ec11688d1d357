import { andThen } from '../calls/maybe-async.js';
import type { AuthPart } from '../http/app.js';
import type { Caller } from '../http/authenticator.js';
import type { RequestHeaders } from '../http/exchange.js';
import { bearerToken, unauthorized } from './bearer.js';
import { liveApiKeys } from './live-api-keys.js';
import { type ApiKey, apiKeySettings, findApiKey, isRoleName } from './parse-api-keys.js';

/**
 * Accepts the keys of `MCP_API_KEYS`, sent as `Authorization: Bearer <key>` or `x-api-key: <key>`: headers alone, because
 * addresses end up in logs and a browser adds cookies by itself.
 */
export function apiKeys(): AuthPart<typeof apiKeySettings> {
  return {
    kind: 'auth',
    settings: apiKeySettings,
    required: ['MCP_API_KEYS'],
    carriesRole: isRoleName,
    carriesClaims: false,
    credentialHeaders: ['authorization', 'x-api-key'],
    open(env) {
      const currentKeys = liveApiKeys(env);
      return {
        authenticate: (headers) => andThen(currentKeys(), (keys) => callerOf(headers, keys)),
      };
    },
  };
}

function callerOf(headers: RequestHeaders, keys: readonly ApiKey[]): Caller {
  const bearer = bearerToken(headers);
  const apiKey = headers.get('x-api-key') ?? undefined;
  if (bearer !== undefined && apiKey !== undefined && bearer !== apiKey) {
    return unauthorized('Send one key, not two.', 'invalid_request');
  }
  const presented = bearer ?? apiKey;
  if (presented === undefined) return unauthorized('Send an API key.');
  const key = findApiKey(keys, presented);
  if (key === undefined) return unauthorized('This API key is not known.', 'invalid_token');
  if (key.expires <= Date.now()) {
    return unauthorized('This API key has expired.', 'invalid_token');
  }
  return { principal: key.principal };
}
