...credentials.env,
