REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
RATE_LIMIT_ON_ERROR: z.enum(['open', 'closed']).default('open'),
