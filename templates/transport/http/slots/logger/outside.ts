/** Runs `work` as if no request were being served. */
export function outsideOfRequests<T>(work: () => T): T {
  return correlation.exit(work);
}
