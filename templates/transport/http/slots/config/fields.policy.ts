POLICY_PATH: z.string().default('policy.yaml'),
REQUEST_STATE_SECRET: z
  .string()
  .superRefine((secret, ctx) => {
    const weakness = weaknessOf(secret);
    if (weakness !== undefined) ctx.addIssue(weakness);
  })
  .optional(),
