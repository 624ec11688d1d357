readonly #tokens = this.registry.counters(
  'mcp_token_cache_total',
  'Tokens that were remembered (hit) or had to be verified (miss).',
  'result',
  ['hit', 'miss'],
);
