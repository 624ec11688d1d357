const span = await services.tracing.begin(call, request.mcpReq, era);
