limits: new CallLimits(config, openLimiter(redis, config), overdue),
