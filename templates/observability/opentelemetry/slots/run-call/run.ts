const inSpan = () =>
  andThen(services.tracing.begin(call, request.mcpReq, era), (begun) => {
    span = begun;
    return begun.run(run);
  });
return outer === undefined ? withCorrelationId(id, inSpan) : inSpan();
