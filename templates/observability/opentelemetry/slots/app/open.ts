const tracing = openTracing(config, log);
