authInfo: authInfoOf(who.principal, resource),
