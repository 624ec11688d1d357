import type { JsonObject } from '../model.js';
import type { ProcessTransport } from './stdio-transport.js';
import type { Era } from './types.js';

export interface Tool {
  readonly name: string;
  readonly inputSchema: JsonObject;
  readonly outputSchema?: JsonObject | undefined;
  readonly annotations?: ToolHints | undefined;
}

interface ToolHints {
  readonly readOnlyHint?: boolean | undefined;
  readonly destructiveHint?: boolean | undefined;
}

export interface Prompt {
  readonly name: string;
  readonly arguments?:
    | readonly { readonly name: string; readonly required?: boolean | undefined }[]
    | undefined;
}

export interface CallResult {
  readonly isError?: boolean | undefined;
  readonly content: readonly { readonly type: string; readonly text?: unknown }[];
  readonly structuredContent?: unknown;
  readonly _meta?: { readonly error?: unknown } | undefined;
}

/** A connected client. Every method throws what the SDK throws; `rpcError` recognises a server's JSON-RPC errors. */
export interface Connection {
  /** The revision that client and server agreed on. */
  readonly version: string;
  readonly offers: {
    readonly tools: boolean;
    readonly resources: boolean;
    readonly prompts: boolean;
  };
  tools(signal: AbortSignal): Promise<Tool[]>;
  resources(signal: AbortSignal): Promise<{ readonly uri: string }[]>;
  resourceTemplates(signal: AbortSignal): Promise<{ readonly uriTemplate: string }[]>;
  prompts(signal: AbortSignal): Promise<Prompt[]>;
  /** Gives the result as the server sent it: its structure is not checked. */
  callTool(tool: Tool, args: JsonObject, signal: AbortSignal): Promise<CallResult>;
  readResource(uri: string, signal: AbortSignal): Promise<{ contents: readonly unknown[] }>;
  getPrompt(
    name: string,
    args: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<{ messages: readonly unknown[] }>;
  close(): Promise<void>;
}

/** Where a client connects to. */
export type Endpoint =
  | { readonly kind: 'stdio'; readonly transport: ProcessTransport }
  | {
      readonly kind: 'http';
      readonly url: URL;
      readonly headers: Readonly<Record<string, string>>;
    };

interface RequestOptions {
  readonly signal: AbortSignal;
  readonly timeout: number;
  /** v2 keeps lists; a smoke test asks each time. */
  readonly cacheMode: 'refresh';
}

type Page<K extends string, T> = { readonly [key in K]: readonly T[] } & {
  readonly nextCursor?: string | undefined;
};
type Cursor = { cursor: string } | undefined;

/** What the clients of both SDKs have in common. */
interface SdkClient {
  getServerCapabilities(): { tools?: unknown; resources?: unknown; prompts?: unknown } | undefined;
  listTools(params: Cursor, options: RequestOptions): Promise<Page<'tools', unknown>>;
  listResources(
    params: Cursor,
    options: RequestOptions,
  ): Promise<Page<'resources', { uri: string }>>;
  listResourceTemplates(
    params: Cursor,
    options: RequestOptions,
  ): Promise<Page<'resourceTemplates', { uriTemplate: string }>>;
  listPrompts(params: Cursor, options: RequestOptions): Promise<Page<'prompts', Prompt>>;
  readResource(
    params: { uri: string },
    options: RequestOptions,
  ): Promise<{ contents: readonly unknown[] }>;
  getPrompt(
    params: { name: string; arguments: Record<string, string> },
    options: RequestOptions,
  ): Promise<{ messages: readonly unknown[] }>;
  close(): Promise<void>;
}

/** Far above any step's own limit, so that the step's text about time is the one that is shown. */
const SDK_TIMEOUT_MS = 24 * 60 * 60 * 1000;
const MAX_PAGES = 100;

/** A list of tools must not fail because one output schema does not compile. Results are checked by us. */
const trustingValidator = {
  getValidator: () => (input: unknown) => ({
    valid: true as const,
    data: input as never,
    errorMessage: undefined,
  }),
};

/**
 * Connects a real client of that era: the v1 SDK speaks 2025-11-25, the v2 SDK is pinned to 2026-07-28. Both are
 * loaded on the first use. Throws what the SDK throws when the server does not answer or does not speak the revision.
 */
export async function connect(
  era: Era,
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<Connection> {
  return era === '2025-11-25' ? connectV1(endpoint, signal) : connectV2(era, endpoint, signal);
}

async function connectV1(endpoint: Endpoint, signal: AbortSignal): Promise<Connection> {
  const [{ Client }, { StreamableHTTPClientTransport }, { CallToolResultSchema }] =
    await Promise.all([
      import('@modelcontextprotocol/sdk/client/index.js'),
      import('@modelcontextprotocol/sdk/client/streamableHttp.js'),
      import('@modelcontextprotocol/sdk/types.js'),
    ]);
  const client = new Client(clientInfo, { jsonSchemaValidator: trustingValidator });
  let version = '';
  const transport =
    endpoint.kind === 'stdio'
      ? endpoint.transport
      : new StreamableHTTPClientTransport(endpoint.url, {
          requestInit: { headers: { ...endpoint.headers } },
        });
  // The client tells only its transport which revision was agreed on.
  const told = transport as { setProtocolVersion?: (version: string) => void };
  const tell = told.setProtocolVersion?.bind(transport);
  told.setProtocolVersion = (agreed) => {
    version = agreed;
    tell?.(agreed);
  };
  await open(client, transport, signal);
  return connection(client, version, ({ name }, args, at) => {
    const params = { name, arguments: { ...args } };
    // `client.callTool` would throw its own text for a missing structured result.
    return client.request({ method: 'tools/call', params }, CallToolResultSchema, at);
  });
}

async function connectV2(era: Era, endpoint: Endpoint, signal: AbortSignal): Promise<Connection> {
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const client = new Client(clientInfo, {
    jsonSchemaValidator: trustingValidator,
    // A v2 client speaks the older era unless it is told.
    versionNegotiation: { mode: { pin: era } },
    listMaxPages: MAX_PAGES,
  });
  const transport =
    endpoint.kind === 'stdio'
      ? endpoint.transport
      : new StreamableHTTPClientTransport(endpoint.url, {
          requestInit: { headers: { ...endpoint.headers } },
        });
  await open(client, transport, signal);
  const version = client.getNegotiatedProtocolVersion() ?? era;
  return connection(client, version, ({ name, inputSchema }, args, at) =>
    client.callTool(
      { name, arguments: { ...args } },
      // A definition without output schema: the client then does not check the structured result.
      { ...at, toolDefinition: { name, inputSchema: { ...inputSchema, type: 'object' } } },
    ),
  );
}

const clientInfo = { name: 'mcp-gen-smoke', version: '1.0.0' };

async function open<T>(
  client: {
    connect(transport: T, options: { signal: AbortSignal; timeout: number }): Promise<void>;
    close(): Promise<void>;
  },
  transport: { close(): Promise<void> },
  signal: AbortSignal,
): Promise<void> {
  // While the v2 client finds out the era, the transport is not yet its own to close.
  const onAbort = () => void Promise.allSettled([client.close(), transport.close()]);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await client.connect(transport as unknown as T, { signal, timeout: SDK_TIMEOUT_MS });
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function connection(
  client: SdkClient,
  version: string,
  callTool: (tool: Tool, args: JsonObject, options: RequestOptions) => Promise<unknown>,
): Connection {
  const at = (signal: AbortSignal): RequestOptions => ({
    signal,
    timeout: SDK_TIMEOUT_MS,
    cacheMode: 'refresh',
  });
  const offered = client.getServerCapabilities() ?? {};
  return {
    version,
    offers: {
      tools: offered.tools !== undefined,
      resources: offered.resources !== undefined,
      prompts: offered.prompts !== undefined,
    },
    tools: (signal) =>
      pages('tools', (cursor) => client.listTools(cursor, at(signal))) as Promise<Tool[]>,
    resources: (signal) => pages('resources', (cursor) => client.listResources(cursor, at(signal))),
    resourceTemplates: (signal) =>
      pages('resourceTemplates', (cursor) => client.listResourceTemplates(cursor, at(signal))),
    prompts: (signal) => pages('prompts', (cursor) => client.listPrompts(cursor, at(signal))),
    callTool: async (tool, args, signal) => (await callTool(tool, args, at(signal))) as CallResult,
    readResource: (uri, signal) => client.readResource({ uri }, at(signal)),
    getPrompt: (name, args, signal) =>
      client.getPrompt({ name, arguments: { ...args } }, at(signal)),
    close: () => client.close(),
  };
}

/** All pages of a list. The v2 client joins them itself, the v1 client does not. */
async function pages<K extends string, T>(
  key: K,
  page: (cursor: Cursor) => Promise<Page<K, T>>,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  for (let count = 0; count < MAX_PAGES; count += 1) {
    const next = await page(cursor === undefined ? undefined : { cursor });
    items.push(...next[key]);
    if (next.nextCursor === undefined) return items;
    cursor = next.nextCursor;
  }
  throw new Error(`the list has more than ${MAX_PAGES} pages; its cursor never ends`);
}

/** A JSON-RPC error that the server answered with, or null for any other failure. */
export function rpcError(
  error: unknown,
): { readonly code: number; readonly message: string; readonly data: unknown } | null {
  if (!(error instanceof Error)) return null;
  const { code, data } = error as Error & { code?: unknown; data?: unknown };
  // Client-side codes of the v1 SDK: -32000 connection closed, -32001 timeout.
  const local = code === -32_000 || code === -32_001;
  const known = error.name === 'McpError' || error.name === 'ProtocolError';
  if (!known || typeof code !== 'number' || local) return null;
  return { code, message: error.message.replace(/^MCP error -?\d+: /, ''), data };
}
