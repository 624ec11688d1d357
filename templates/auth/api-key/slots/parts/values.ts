auth: apiKeys(),
