sessions: localSessions(config, changes),
