countTokens(remembered: () => number): void {
  this.registry.gauge('mcp_token_cache_entries', 'Tokens that are remembered.', remembered);
}

tokenLookedUp(result: 'hit' | 'miss'): void {
  this.#tokens[result].inc();
}
