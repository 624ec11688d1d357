policy,
approvals: new Approvals(config),
