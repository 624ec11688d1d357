/** The caller of a request with these headers could not be identified. */
authFailed(status: number, headers: RequestHeaders): void {
  const sent = ['authorization', 'x-api-key'].some((name) => headers.get(name) !== null);
  const reason = status === 429 ? 'throttled' : status === 503 ? 'unavailable' : 'invalid';
  this.#authFailures[sent ? reason : 'missing'].inc();
  if (status === 429) this.limited('guesses');
}

policyReloaded(result: 'ok' | 'failed'): void {
  this.#policyReloads[result].inc();
}
