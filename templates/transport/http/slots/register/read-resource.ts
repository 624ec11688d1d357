return await runCall({ ...call, uri }, services, principal, { mcpReq, server }, work);
