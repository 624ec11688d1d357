...(scopes && { scopeChallenge: stepUp(scopes, principal, services.config) }),
