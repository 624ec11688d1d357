policy: policyFile(),
