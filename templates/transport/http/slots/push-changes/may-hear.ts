if (!mayRead(change.uri, services, OWNER)) return;
