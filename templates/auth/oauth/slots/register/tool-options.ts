...(tool.scopes && { scopeChallenge: stepUp(tool.scopes, principal, services.config) }),
