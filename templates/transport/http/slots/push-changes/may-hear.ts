if (!mayRead(uri, services, OWNER)) return;
