rounds: new RoundStates(),
cursors: new Cursors(),
