const store = openStore(config, log);
