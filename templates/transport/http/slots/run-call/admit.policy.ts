admit(call, services.policy.accessOf(principal));
