...database.env,
