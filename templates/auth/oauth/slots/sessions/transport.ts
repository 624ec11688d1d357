transport.setScopeChallengeResolver(this.#stepUp.challenge);
