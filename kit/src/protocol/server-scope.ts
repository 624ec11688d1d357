import type { ServerScope } from './offer.js';

/** The request for a stream that stays open until someone ends it. */
export const LISTEN = 'subscriptions/listen';

export function isListenRequest(body: unknown): boolean {
  return (body as { method?: unknown } | null)?.method === LISTEN;
}

/** What a message needs of a server. A batch needs everything. */
export function serverScopeFor(message: unknown): ServerScope {
  const { method, params } = (message ?? {}) as Record<string, unknown>;
  if (typeof method !== 'string') return {};
  const { name } = (params ?? {}) as Record<string, unknown>;
  return { method, ...(method === 'tools/call' && typeof name === 'string' && { tool: name }) };
}
