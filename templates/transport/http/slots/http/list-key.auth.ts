const visibleTo = app.policy.accessOf(principal);
