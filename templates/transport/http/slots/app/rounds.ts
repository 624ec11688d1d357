rounds: new RoundStates(config.REQUEST_STATE_SECRET),
cursors: new Cursors(config.REQUEST_STATE_SECRET),
