authInfo: authInfoOf(caller.principal, resource),
