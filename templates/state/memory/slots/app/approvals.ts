approvals: new Approvals(new LocalUsedIds()),
