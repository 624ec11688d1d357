sessions: redisSessions(),
