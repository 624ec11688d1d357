const policy = openPolicy(config, log);
