state: redis(),
