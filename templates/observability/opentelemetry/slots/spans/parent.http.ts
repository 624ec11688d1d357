/**
 * Whose work a call is part of: what the message says counts more than the headers that it came with, which become a link.
 * @see https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md#context-propagation
 */
function parentOf({ _meta }: Said) {
  const ofHeaders = contextOf(traceHeader());
  const ofMessage = contextOf(_meta?.traceparent);
  if (trace.getSpanContext(ofMessage) === undefined) return { parent: ofHeaders };
  return { parent: ofMessage, link: trace.getSpanContext(ofHeaders) };
}
