import { CLIENT_CAPABILITIES, CLIENT_INFO, PROTOCOL_VERSION } from '../calls/call.js';
import type { ServerScope } from './offer.js';

/** The two families of the protocol: 2026-07-28, where every request says who asks, and those before it. */
export type Era = 'modern' | 'legacy';

/**
 * A call or a list of tools, or a discovery, in the form that nearly all clients send. Whatever is unusual about a request, or
 * wrong, is for the MCP SDK: `plainRequest` must never take more than the SDK does.
 */
export interface PlainRequest {
  readonly era: Era;
  readonly id: string | number;
  readonly method: (typeof METHODS)[number];
  /** The tool that is called. */
  readonly name: string;
  readonly args: Fields;
  readonly meta: Fields;
}

const METHODS = ['tools/call', 'tools/list', 'server/discover'] as const;

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;
/** What is left of a message that `isMessage` and `isCall` or `hasNoMore` have looked at. */
type Message = Pick<PlainRequest, 'id' | 'method'> & { readonly params?: Params };
type Params = { readonly name?: string; readonly arguments?: Fields; readonly _meta?: Fields };

export const MODERN_VERSION = '2026-07-28';

const isText: Check = (value) => typeof value === 'string';
const isEmpty = only({});

/** The context of a trace: https://www.w3.org/TR/trace-context/ */
const trace = { traceparent: isText, tracestate: isText, baggage: isText };
/** Who asks is told how far the work is. */
const progressToken: Check = (value) => typeof value === 'string' || Number.isSafeInteger(value);
const known = new Map<string, Check>(Object.entries({ ...trace, progressToken }));
const isEnvelope = only(
  {
    ...trace,
    progressToken,
    [PROTOCOL_VERSION]: (value) => value === MODERN_VERSION,
    [CLIENT_INFO]: only({ name: isText, version: isText, title: isText }, ['name', 'version']),
    [CLIENT_CAPABILITIES]: only({
      elicitation: only({ form: isEmpty, url: isEmpty }),
      sampling: only({ context: isEmpty, tools: isEmpty }),
      roots: only({ listChanged: (value) => typeof value === 'boolean' }),
    }),
  },
  [PROTOCOL_VERSION, CLIENT_CAPABILITIES],
);

const isMessage = only(
  {
    jsonrpc: (value) => value === '2.0',
    id: (value) => typeof value === 'string' || Number.isSafeInteger(value),
    method: (value) => METHODS.some((method) => method === value),
    params: isFields,
  },
  ['jsonrpc', 'id', 'method'],
);
const isCall = only({ name: isText, arguments: isFields, _meta: isFields }, ['name']);
const hasNoMore = only({ _meta: isFields });

/** Reads a message; `undefined` when it is not as plain as that. */
export function plainRequest(message: unknown): PlainRequest | undefined {
  if (!isMessage(message)) return undefined;
  const { id, method, params = {} } = message as Message;
  if (!(method === 'tools/call' ? isCall(params) : hasNoMore(params))) return undefined;
  const { name = '', arguments: args = {}, _meta: meta = {} } = params;
  const era = eraOf(meta);
  // Clients before 2026-07-28 have nothing to discover.
  if (era === undefined || (era === 'legacy' && method === 'server/discover')) return undefined;
  return { era, id, method, name, args, meta };
}

function eraOf(meta: Fields): Era | undefined {
  if (isEnvelope(meta)) return 'modern';
  return isLegacyMeta(meta) ? 'legacy' : undefined;
}

/** Before 2026-07-28 `_meta` may have anything in it; only keys of the protocol mean something to the SDK. */
function isLegacyMeta(meta: Fields): boolean {
  for (const key in meta) {
    if (key.startsWith('io.modelcontextprotocol/')) return false;
    if (known.get(key)?.(meta[key]) === false) return false;
  }
  return true;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is an object with these keys and no others, `required` among them. */
function only(checks: Readonly<Record<string, Check>>, required: readonly string[] = []): Check {
  const known = new Map(Object.entries(checks));
  return (value) => {
    if (!isFields(value)) return false;
    for (const key in value) {
      if (known.get(key)?.(value[key]) !== true) return false;
    }
    return required.every((key) => Object.hasOwn(value, key));
  };
}

/** The request for a stream that stays open until someone ends it. */
export const LISTEN = 'subscriptions/listen';

export function isListenRequest(body: unknown): boolean {
  return (body as { method?: unknown } | null)?.method === LISTEN;
}

/** What a message needs of a server. A batch needs everything. */
export function serverScopeFor(message: unknown): ServerScope {
  const { method, params } = (message ?? {}) as Record<string, unknown>;
  if (typeof method !== 'string') return {};
  const { name } = (params ?? {}) as Record<string, unknown>;
  return { method, ...(method === 'tools/call' && typeof name === 'string' && { tool: name }) };
}
