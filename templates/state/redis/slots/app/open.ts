const limiter = openLimiter(config, log);
