issuer: principal.issuer,
