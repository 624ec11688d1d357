return await runCall(call, services, principal, sdk, async (ctx) => {
  const work = () => tool.run(args, ctx);
  const request = { tool: name, args, principal, sdk, server };
  const result = needsApproval ? await services.approvals.run(request, work) : await work();
  return toResult(result, output, services.config);
});
