store,
