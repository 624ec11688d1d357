const authenticate = createAuthenticator(app);
