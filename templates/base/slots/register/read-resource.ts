return await runCall(call, services, principal, { mcpReq, server }, work);
