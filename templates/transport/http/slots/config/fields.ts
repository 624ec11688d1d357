HOST: z.string().default('127.0.0.1'),
PORT: int(0, 65_535).default(3000),
PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
ALLOWED_HOSTS: list
  .refine((hosts) => hosts.every(isHostname), 'must be host names without a port')
  .default([]),
ALLOWED_ORIGINS: list
  .refine((origins) => origins.every(isOrigin), 'must be like https://app.example.com, no path')
  .default([]),
MAX_BODY_BYTES: int(1_000, 100_000_000).default(1_000_000),
SHUTDOWN_DELAY_MS: int(0, 600_000).default(0),
TRUST_PROXY: z.string().transform(parseTrustProxy).optional(),
RATE_LIMIT_PER_MINUTE: int(1, 1_000_000_000).default(600),
RATE_LIMIT_BURST: int(1, 1_000_000_000).optional(),
MAX_CONCURRENT_CALLS: int(1, 1_000_000).default(100),
MAX_SUBSCRIPTIONS: int(0, 1_000_000).default(1_000),
REQUEST_STATE_SECRET: secret.optional(),
