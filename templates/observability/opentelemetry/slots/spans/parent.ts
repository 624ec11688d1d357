/**
 * Whose work a call is part of, as its message says.
 * @see https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md#context-propagation
 */
function parentOf({ _meta }: Said) {
  const { traceparent, tracestate, baggage } = _meta ?? {};
  const carrier = Object.fromEntries(
    Object.entries({ traceparent, tracestate, baggage }).filter(
      ([, value]) => typeof value === 'string',
    ),
  );
  return { parent: propagation.extract(ROOT_CONTEXT, carrier) };
}
