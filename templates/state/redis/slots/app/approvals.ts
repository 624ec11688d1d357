approvals: new Approvals(openUsedIds(redis, config, log)),
