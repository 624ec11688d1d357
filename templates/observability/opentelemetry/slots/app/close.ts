await tracing.close();
