datastore: () => store.ping(),
