POLICY_PATH: z.string().default('policy.yaml'),
