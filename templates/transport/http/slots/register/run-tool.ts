return await runCall(call, services, principal, sdk, async (ctx) => {
  const work = () => tool.run(args, ctx);
  // Asked at the call: over stdio this server lives on while the policy changes.
  const { approvals, policy } = services;
  const needsApproval = policy.accessOf(principal).needsApproval(name);
  const request = { tool: name, args, principal, sdk, server };
  const result = needsApproval ? await approvals.run(request, work) : await work();
  return toResult(result, output, services.config);
});
