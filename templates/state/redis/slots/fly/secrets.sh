REDIS_URL="rediss://user:password@host:6379" \
