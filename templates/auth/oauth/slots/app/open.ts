const identityProvider = createIdentityProvider(config);
