import type { CacheHint } from '@modelcontextprotocol/server';
import type { Policy } from '../calls/services.js';

/** How long, and for whom, clients and proxies may keep an answer; without a hint nobody may. */
export function cacheHint(seconds: number, { isLive }: Policy): CacheHint {
  return { ttlMs: seconds * 1_000, cacheScope: isLive ? 'private' : 'public' };
}

/** What is offered changes with a new version of the server or of its policy; a call never depends on a list. */
export function cacheHints(policy: Policy) {
  const list = cacheHint(60, policy);
  return {
    'server/discover': list,
    'tools/list': list,
    'prompts/list': list,
    'resources/templates/list': list,
  };
}
