readonly #authFailures = this.registry.counter(
  'mcp_auth_failures_total',
  'Requests whose caller could not be identified, by reason.',
);
readonly #policyReloads = this.registry.counter(
  'mcp_policy_reloads_total',
  'How often there was a new policy, by result.',
);
