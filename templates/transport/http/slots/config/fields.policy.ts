POLICY_PATH: z.string().default('policy.yaml'),
REQUEST_STATE_SECRET: z
  .string()
  .refine((secret) => Buffer.byteLength(secret) >= 32, 'must have at least 32 bytes')
  .optional(),
