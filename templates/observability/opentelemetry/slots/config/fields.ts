OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
OTEL_EXPORTER_OTLP_HEADERS: z
  .string()
  .refine(isHeaderList, 'must be name=value, separated by commas, percent-encoded ASCII')
  .optional(),
TRACE_PROPAGATION_TARGETS: z
  .string()
  .transform((text) => text.split(',').map((target) => target.trim()))
  .refine(
    (targets) => targets.every((one) => URL.canParse(one) && new URL(one).origin === one),
    'must be like https://api.example.com, no path',
  )
  .default([]),
