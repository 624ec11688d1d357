readonly sessions: Sessions;
