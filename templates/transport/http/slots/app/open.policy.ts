const policy = openPolicy(config, log, changes, metrics);
