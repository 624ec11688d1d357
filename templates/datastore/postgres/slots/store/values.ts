get pool() {
  return { total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount };
},
