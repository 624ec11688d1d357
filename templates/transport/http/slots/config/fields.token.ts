TOKEN_CACHE_SECONDS: int(0, 60).default(60),
JWKS_CACHE_SECONDS: int(1, 86_400).default(300),
