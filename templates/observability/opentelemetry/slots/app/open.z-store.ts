traceQueries(store, tracing);
