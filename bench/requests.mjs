/** The requests that are measured, as clients of 2026-07-28 send them, and as those before do. */
export const KEY = 'bench-key-that-is-long-enough-for-any-check';
const VERSION = '2026-07-28';
const META = 'io.modelcontextprotocol';

/** A request over HTTP: method, headers, body. */
export function modern(method, params = {}) {
  const { name } = params;
  const _meta = {
    ...params._meta,
    [`${META}/protocolVersion`]: VERSION,
    [`${META}/clientInfo`]: { name: 'bench', version: '1.0.0' },
    [`${META}/clientCapabilities`]: {},
  };
  return post(
    { method, params: { ...params, _meta } },
    { 'mcp-protocol-version': VERSION, 'mcp-method': method, ...(name && { 'mcp-name': name }) },
  );
}

/** The same for clients before 2026-07-28. */
export function legacy(method, params = {}) {
  return post({ method, params }, { 'mcp-protocol-version': '2025-11-25' });
}

function post(message, headers) {
  return {
    method: 'POST',
    headers: {
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }),
  };
}
