approvals: new Approvals(config, new LocalUsedIds()),
