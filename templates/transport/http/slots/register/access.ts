const access = services.policy.accessOf(principal);
