identityProvider,
