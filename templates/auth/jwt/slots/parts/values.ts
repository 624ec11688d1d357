auth: jwt(),
