this.#stepUp = new SessionStepUp(app);
this.#transport.setScopeChallengeResolver(this.#stepUp.challenge);
