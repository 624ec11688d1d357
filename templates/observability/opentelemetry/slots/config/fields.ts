OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
OTEL_EXPORTER_OTLP_HEADERS: z.string().optional(),
