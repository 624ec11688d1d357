services.metrics.callBegan();
