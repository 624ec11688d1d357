return await runTool(tool, args, services, principal, { mcpReq, server });
