approvals: new Approvals(config, openUsedIds(redis, config, log)),
