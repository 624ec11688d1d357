const mayHear = (uri: string) => mayRead(uri, app, caller.principal);
