return await runTool(served, args, services, principal, sdk);
