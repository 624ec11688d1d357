const authenticate = slowGuesses(createAuthenticator(app), config);
