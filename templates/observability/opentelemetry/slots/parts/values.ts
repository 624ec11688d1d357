tracing: openTelemetry(),
