countRedis(redis: Pick<SharedRedis, 'look'>): void {
  const up = 'Whether Redis answered when it was last asked.';
  this.registry.gauge('mcp_redis_up', up, () => (redis.look() ? 1 : 0));
}
