/** The connections to the database, and who waits for one. */
countPool(store: Pick<Store, 'pool'>): void {
  const connections = () => {
    const { total, idle } = store.pool;
    return [
      [{ state: 'used' }, total - idle],
      [{ state: 'idle' }, idle],
    ] as const;
  };
  this.registry.gauge('mcp_store_connections', 'Connections to the database.', connections);
  const waiting = () => store.pool.waiting;
  this.registry.gauge('mcp_store_waiting', 'Callers who wait for a connection.', waiting);
}
