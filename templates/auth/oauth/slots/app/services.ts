readonly identityProvider: IdentityProvider;
