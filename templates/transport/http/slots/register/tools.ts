if (!access.allows('tool', name)) continue;
const needsApproval = access.needsApproval(name);
