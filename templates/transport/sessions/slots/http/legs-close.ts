await sessions.close();
