const policy = openPolicy(config, log, changes);
