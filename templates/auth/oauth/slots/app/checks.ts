identityProvider: () => identityProvider.check(),
