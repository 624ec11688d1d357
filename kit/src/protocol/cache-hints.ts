import type { CacheHint } from '@modelcontextprotocol/server';

/** How long, and for whom, clients and proxies may keep an answer; without a hint nobody may. */
export function cacheHint(seconds: number): CacheHint {
  return {
    ttlMs: seconds * 1_000,
    {{> cache/scope}}
  };
}

const LIST = cacheHint(60);

/** What is offered changes with a new version of the server or of its policy; a call never depends on a list. */
export const cacheHints = {
  'server/discover': LIST,
  'tools/list': LIST,
  'prompts/list': LIST,
  'resources/templates/list': LIST,
};
