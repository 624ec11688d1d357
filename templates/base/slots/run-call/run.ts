return await (outer === undefined ? withCorrelationId(id, run) : run());
