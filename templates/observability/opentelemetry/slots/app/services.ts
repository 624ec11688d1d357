readonly tracing: Tracing;
