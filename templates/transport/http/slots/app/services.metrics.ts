readonly metrics: Metrics;
