/** Calls `load` at most once in `ttlMs`, also when many ask at the same time. A failure is not kept. */
export function cached<T>(ttlMs: number, load: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | undefined;
  let until = 0;
  return () => {
    if (value !== undefined && performance.now() < until) return value;
    const loading = load();
    value = loading;
    until = performance.now() + ttlMs;
    loading.catch(() => {
      if (value === loading) value = undefined;
    });
    return loading;
  };
}
