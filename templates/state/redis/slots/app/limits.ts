limits: new CallLimits(config, limiter),
