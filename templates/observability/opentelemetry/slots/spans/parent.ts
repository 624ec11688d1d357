/**
 * Whose work a call is part of, as its message says.
 * @see https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md#context-propagation
 */
function parentOf({ _meta }: Said) {
  return { parent: contextOf(_meta?.traceparent) };
}
