'sessions',
