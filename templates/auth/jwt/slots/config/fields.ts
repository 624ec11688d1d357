JWT_SECRET: secret.optional(),
JWT_JWKS_URL: z.string().refine(isTrustedUrl, UNTRUSTED).optional(),
JWT_PUBLIC_KEY: publicKey.optional(),
JWT_ISSUER: z
  .string()
  .refine((text) => !/^http:/i.test(text) || isTrustedUrl(text), UNTRUSTED)
  .optional(),
JWT_AUDIENCE: z.string().optional(),
