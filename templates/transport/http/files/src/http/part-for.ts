import type { ServerPart } from '../server.js';

/** What a message needs of a server. A batch needs everything. */
export function partFor(message: unknown): ServerPart {
  const { method, params } = (message ?? {}) as Record<string, unknown>;
  if (typeof method !== 'string') return {};
  const { name } = (params ?? {}) as Record<string, unknown>;
  return { method, ...(method === 'tools/call' && typeof name === 'string' && { tool: name }) };
}
