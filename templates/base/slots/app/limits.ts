limits: new CallLimits(),
