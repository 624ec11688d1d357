METRICS_PORT: int(0, 65_535).optional(),
METRICS_HOST: z.string().default('127.0.0.1'),
METRICS_TOKEN: z
  .string()
  .min(16, 'must have at least 16 characters')
  .regex(/^[!-~]+$/, 'must be ASCII without blanks')
  .optional(),
