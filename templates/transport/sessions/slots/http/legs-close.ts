closing.push(sessions.close());
