services.metrics.callEnded(call, outcome, ms);
