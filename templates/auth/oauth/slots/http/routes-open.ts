const resource = protectedResource(config);
