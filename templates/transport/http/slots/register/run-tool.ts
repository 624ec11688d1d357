// Asked at the call: over stdio this server lives on while the policy changes.
const { approvals, policy } = services;
const request = { mcpReq, server };
if (!policy.accessOf(principal).needsApproval(name)) {
  return await runTool(tool, args, services, principal, request);
}
return await runTool(tool, args, services, principal, request, (input, ctx) =>
  approvals.run({ tool: name, args, principal, request }, () => tool.run(input, ctx)),
);
