services.metrics.callBegan();
sawCall(call);
