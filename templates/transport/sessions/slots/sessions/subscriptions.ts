this.#subscriptions = new Subscriptions();
