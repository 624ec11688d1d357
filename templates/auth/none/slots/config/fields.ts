ALLOW_UNAUTHENTICATED: z
  .enum(['true', 'false'])
  .default('false')
  .transform((value) => value === 'true'),
