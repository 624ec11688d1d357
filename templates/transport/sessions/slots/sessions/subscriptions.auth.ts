this.#subscriptions = new Subscriptions(app.policy);
