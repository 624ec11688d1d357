/** The requests that are measured, as clients of 2026-07-28 send them, and as those before do. */
export const KEY = 'bench-key-that-is-long-enough-for-any-check';
const VERSION = '2026-07-28';
const META = 'io.modelcontextprotocol';

/** A request over HTTP: method, headers, body. */
export function modern(method, params = {}) {
  const name = params.name ?? params.uri;
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

/** A notification of clients before 2026-07-28. */
export function notification(method) {
  return post({ id: undefined, method }, { 'mcp-protocol-version': '2025-11-25' });
}

/** How clients introduce themselves: what they can do, and whether they name a version in a header. */
function introduction(clientInfo, capabilities, headers = {}) {
  return post(
    { method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities, clientInfo } },
    headers,
  );
}

const RICH = {
  sampling: {},
  elicitation: { form: {}, url: {} },
  roots: { listChanged: true },
  tasks: { list: {}, cancel: {} },
};
const initialized = notification('notifications/initialized');
const list = legacy('tools/list');

/** With which requests public clients begin, until they have the list of tools; from their sources (docs/performance.md). */
export const OPENINGS = {
  'the SDK of 2026 (OpenAI Agents)': [modern('server/discover'), modern('tools/list')],
  'the SDK of 2025 (LangChain, mcp-use)': [
    introduction({ name: 'bench', version: '1.0.0' }, {}),
    initialized,
    list,
  ],
  'AI SDK': [
    introduction(
      { name: 'ai-sdk-mcp-client', version: '1.0.0' },
      {},
      {
        'mcp-protocol-version': '2025-11-25',
      },
    ),
    initialized,
    list,
  ],
  Inspector: [
    introduction({ name: 'mcp-inspector', version: '1.0.3' }, RICH),
    initialized,
    legacy('logging/setLevel', { level: 'debug' }),
    list,
  ],
};

const echo = { name: 'echo', arguments: { text: 'hello' } };
const both = (name, method, params) => ({
  [`${name}, 2026`]: modern(method, params),
  [`${name}, 2025`]: legacy(method, params),
});

/** What clients send all day, but for calls without anything in `_meta`. */
export const EVERYDAY = {
  ...both('tools/call with a progress token', 'tools/call', {
    ...echo,
    _meta: { progressToken: 1 },
  }),
  ...both('tools/call with other keys in _meta', 'tools/call', {
    ...echo,
    _meta: { 'example.com/run': 'r-1' },
  }),
  ...both('tools/list', 'tools/list'),
  ...both('resources/list', 'resources/list'),
  ...both('resources/templates/list', 'resources/templates/list'),
  ...both('resources/read', 'resources/read', { uri: 'bench://text' }),
  ...both('prompts/list', 'prompts/list'),
  ...both('prompts/get', 'prompts/get', { name: 'say', arguments: { text: 'hello' } }),
  'ping, 2025': legacy('ping'),
  'initialize, 2025': OPENINGS['the SDK of 2025 (LangChain, mcp-use)'][0],
  'server/discover, 2026': modern('server/discover'),
};

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
