this.#stepUp = new SessionStepUp(app);
