const access = services.policy.accessOf(principal);
if (!access.allows('tool', name) || access.needsApproval(name)) return undefined;
