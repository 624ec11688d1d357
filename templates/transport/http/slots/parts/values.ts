limits: rateLimits(),
