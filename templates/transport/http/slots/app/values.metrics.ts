metrics,
