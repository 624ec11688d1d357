readonly #authFailures = this.registry.counters(
  'mcp_auth_failures_total',
  'Requests whose caller could not be identified, by reason.',
  'reason',
  ['missing', 'invalid', 'throttled', 'unavailable'],
);
readonly #policyReloads = this.registry.counters(
  'mcp_policy_reloads_total',
  'How often there was a new policy, by result.',
  'result',
  ['ok', 'failed'],
);
