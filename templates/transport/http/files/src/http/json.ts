/** A JSON answer. */
export function json(status: number, body: unknown, headers?: Record<string, string>): Response {
  return Response.json(body, { status, ...(headers && { headers }) });
}

/** A refusal in the shape that MCP clients understand: a JSON-RPC error without an id. */
export function refuse(
  status: number,
  message: string,
  headers?: Record<string, string>,
  code = -32_000,
): Response {
  return json(status, { jsonrpc: '2.0', id: null, error: { code, message } }, headers);
}
