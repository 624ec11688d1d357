const inSpan = () => span.run(run);
return await (outer === undefined ? withCorrelationId(id, inSpan) : inSpan());
