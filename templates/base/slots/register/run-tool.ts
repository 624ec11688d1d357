return await runTool(served, args, services, principal, { mcpReq, server });
