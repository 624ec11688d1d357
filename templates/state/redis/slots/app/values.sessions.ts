sessions: openSessions(redis, config, changes, log),
