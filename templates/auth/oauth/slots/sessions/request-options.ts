authInfo: this.#stepUp.authInfo(principal),
