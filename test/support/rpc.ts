/** MCP by hand, in both families of the protocol: for requests that no client would send. */

export const eras = ['2025-11-25', '2026-07-28'] as const;
export type Era = (typeof eras)[number];

type Params = Readonly<Record<string, unknown>>;

/** What a server answered to one message, or the body of a refusal. */
export interface Answer {
  readonly id?: unknown;
  readonly result?: {
    readonly isError?: boolean;
    readonly resultType?: string;
    readonly requestState?: string;
    readonly inputRequests?: Readonly<Record<string, { params: { message: string } }>>;
    readonly content?: readonly { readonly text: string }[];
    readonly structuredContent?: Params;
    readonly _meta?: { readonly error?: { readonly code: string } };
    readonly [key: string]: unknown;
  };
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

interface Caller {
  readonly url: string;
  readonly key: string;
  readonly era: Era;
  /** What the client says it can do. */
  readonly capabilities?: Params;
  /** Added to those of a right request, or in place of them. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends one request and gives its answer. */
export async function rpc(caller: Caller, method: string, params: Params = {}): Promise<Answer> {
  const { era, capabilities = {} } = caller;
  if (era === '2025-11-25') {
    const [answer] = await post(caller, { jsonrpc: '2.0', id: 1, method, params });
    return answer ?? {};
  }
  const name = params['name'] ?? params['uri'];
  const headers = {
    'mcp-protocol-version': era,
    'mcp-method': method,
    ...(typeof name === 'string' && { 'mcp-name': encodeName(name) }),
    ...caller.headers,
  };
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': era,
    'io.modelcontextprotocol/clientInfo': { name: 'by-hand', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': capabilities,
  };
  const message = { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } };
  const [answer] = await post({ ...caller, headers }, message);
  return answer ?? {};
}

/** Posts a body as it is, or a value as JSON, and gives all messages of the answer. */
export async function post(caller: Omit<Caller, 'era'>, body: unknown): Promise<Answer[]> {
  const response = await fetch(caller.url, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      authorization: `Bearer ${caller.key}`,
      ...caller.headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const parts = response.headers.get('content-type')?.startsWith('text/event-stream')
    ? [...text.matchAll(/^data: (.+)$/gm)].map(([, data = '']) => data)
    : [text];
  return parts.flatMap((part) => JSON.parse(part) as Answer | Answer[]);
}

/** A header takes plain ASCII alone; the protocol has this form for everything else. */
function encodeName(name: string): string {
  if (/^[!-~]+$/.test(name)) return name;
  return `=?base64?${Buffer.from(name).toString('base64')}?=`;
}
