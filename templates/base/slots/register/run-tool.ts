return await runCall(call, services, principal, sdk, async (ctx) =>
  toResult(await tool.run(args, ctx), output, services.config),
);
