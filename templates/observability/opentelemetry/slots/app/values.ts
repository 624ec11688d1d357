tracing,
