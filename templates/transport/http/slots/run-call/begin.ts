services.metrics.callBegan();
sawCall(request.mcpReq.id);
