const sessions = new Sessions(app);
