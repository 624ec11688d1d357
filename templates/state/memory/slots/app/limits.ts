limits: new CallLimits(config, new TokenBuckets(), overdue),
