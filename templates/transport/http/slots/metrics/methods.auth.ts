/** The caller could not be identified; `sent` says whether there were any credentials. */
authFailed(status: number, sent: boolean): void {
  const reason = status === 429 ? 'throttled' : status === 503 ? 'unavailable' : 'invalid';
  this.#authFailures({ reason: sent ? reason : 'missing' }).inc();
  if (status === 429) this.limited('guesses');
}

policyReloaded(result: 'ok' | 'failed'): void {
  this.#policyReloads({ result }).inc();
}
