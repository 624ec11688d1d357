// Asked at the call: over stdio this server lives on while the policy changes.
const { approvals, policy } = services;
if (!policy.accessOf(principal).needsApproval(name)) {
  return await runTool(served, args, services, principal, sdk);
}
const request = { tool: name, args, principal, sdk, server };
return await runTool(served, args, services, principal, sdk, (input, ctx) =>
  approvals.run(request, () => tool.run(input, ctx)),
);
