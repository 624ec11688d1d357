tokenLookedUp(result: 'hit' | 'miss'): void {
  this.#tokens[result].inc();
}
