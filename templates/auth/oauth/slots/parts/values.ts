auth: oauth(),
