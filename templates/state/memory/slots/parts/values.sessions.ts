sessions: memorySessions(),
