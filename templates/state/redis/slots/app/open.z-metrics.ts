if (redis !== undefined) metrics.countRedis(redis);
