readonly #tokens = this.registry.counter(
  'mcp_token_cache_total',
  'Tokens that were remembered (hit) or had to be verified (miss).',
);
