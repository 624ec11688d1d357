const redis = openRedis(config, log);
const changes = openChanges(redis, log);
