return outer === undefined ? withCorrelationId(id, run) : run();
