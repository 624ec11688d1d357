import { CLIENT_CAPABILITIES, CLIENT_INFO, PROTOCOL_VERSION } from '../calls/call.js';
import type { ServerScope } from './features.js';

/** The two families of the protocol: 2026-07-28, where every request says who asks, and those before it. */
export type ProtocolEra = 'modern' | 'legacy';

/**
 * A request in the form that nearly all clients send. Whatever is unusual about a request, or wrong, is for the MCP SDK:
 * `plainRequest` must never take more than the SDK does.
 */
export interface PlainRequest {
  readonly era: ProtocolEra;
  readonly id: string | number;
  readonly method: Method;
  /** What it is about: the name of a tool or a prompt, or the URI of a resource. */
  readonly name: string;
  readonly args: Fields;
  readonly params: Fields;
  readonly meta: Fields;
}

export type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

export const MODERN_VERSION = '2026-07-28';
/** How the keys of `_meta` that belong to the protocol begin. */
const OF_PROTOCOL = 'io.modelcontextprotocol/';

const isString: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isEmpty = only({});
/** Of log messages, the least severe first. */
export const LEVELS: readonly string[] = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
];
const isLevel: Check = (value) => LEVELS.some((level) => level === value);

const ofObjects: Check = (value) => isFields(value) && Object.values(value).every(isFields);
const ofTexts: Check = (value) =>
  isFields(value) && Object.values(value).every(isString) && !Object.hasOwn(value, '__proto__');

/** Who a client says it is, and what it can do. It may say more than this server knows. */
const clientInfo = having(
  {
    name: isString,
    version: isString,
    title: isString,
    description: isString,
    websiteUrl: isString,
    icons: listOf(only({ src: isString, mimeType: isString, sizes: listOf(isString) }, ['src'])),
  },
  ['name', 'version'],
);
const capabilities = having({
  elicitation: only({ form: only({ applyDefaults: isFlag }), url: isEmpty }),
  experimental: ofObjects,
  extensions: ofObjects,
  roots: having({ listChanged: isFlag }),
  sampling: having({ context: isFields, tools: isFields }),
  tasks: only({
    list: isFields,
    cancel: isFields,
    requests: only({
      sampling: only({ createMessage: isFields }),
      elicitation: only({ create: isFields }),
    }),
  }),
});

/** What `_meta` may say in each request: who asks is told how far the work is; the context of a trace (W3C). */
const requestMeta = {
  progressToken: (value: unknown) => typeof value === 'string' || Number.isSafeInteger(value),
  traceparent: isString,
  tracestate: isString,
  baggage: isString,
};
const metaOf: Readonly<Record<ProtocolEra, ReadonlyMap<string, Check>>> = {
  legacy: new Map(Object.entries(requestMeta)),
  modern: new Map(
    Object.entries({
      ...requestMeta,
      [PROTOCOL_VERSION]: (value: unknown) => value === MODERN_VERSION,
      [CLIENT_INFO]: clientInfo,
      [CLIENT_CAPABILITIES]: capabilities,
    }),
  ),
};

/** The plain form of a request. */
interface Form {
  readonly params: Check;
  /** The only family of the protocol that has it. */
  readonly era?: ProtocolEra;
  /** The parameter that a header of 2026-07-28 repeats. */
  readonly name?: 'name' | 'uri';
}

const _meta = isFields;
const page: Form = { params: only({ cursor: isString, _meta }) };

/** Each method that can be answered without the MCP SDK. */
const METHODS = {
  'tools/call': {
    params: only({ name: isString, arguments: isFields, _meta }, ['name']),
    name: 'name',
  },
  'tools/list': page,
  'resources/list': page,
  'resources/templates/list': page,
  'resources/read': { params: only({ uri: isString, _meta }, ['uri']), name: 'uri' },
  'prompts/list': page,
  'prompts/get': {
    params: only({ name: isString, arguments: ofTexts, _meta }, ['name']),
    name: 'name',
  },
  'server/discover': { params: only({ _meta }), era: 'modern' },
  initialize: {
    params: only({ protocolVersion: isString, clientInfo, capabilities, _meta }, [
      'protocolVersion',
      'clientInfo',
      'capabilities',
    ]),
    era: 'legacy',
  },
  ping: { params: only({ _meta }), era: 'legacy' },
  'logging/setLevel': { params: only({ level: isLevel, _meta }, ['level']), era: 'legacy' },
} satisfies Record<string, Form>;

export type Method = keyof typeof METHODS;
const forms = new Map<unknown, Form>(Object.entries(METHODS));

const isMessage = only(
  {
    jsonrpc: (value) => value === '2.0',
    id: (value) => typeof value === 'string' || Number.isSafeInteger(value),
    method: (value) => forms.has(value),
    params: isFields,
  },
  ['jsonrpc', 'id', 'method'],
);
/** What is left of a message that `isMessage` and the check of its parameters have looked at. */
type Message = Pick<PlainRequest, 'id' | 'method'> & { readonly params?: Params };
type Params = Fields & { readonly arguments?: Fields; readonly _meta?: Fields };

/** Reads a message; `undefined` when it is not as plain as that. */
export function plainRequest(message: unknown): PlainRequest | undefined {
  if (!isMessage(message)) return undefined;
  const { id, method, params = {} } = message as Message;
  const form = forms.get(method);
  if (form?.params(params) !== true) return undefined;
  const { arguments: args = {}, _meta: meta = {} } = params;
  const era = eraOf(meta);
  if (era === undefined || (form.era ?? era) !== era) return undefined;
  const name = form.name === undefined ? '' : (params[form.name] as string);
  return { era, id, method, name, args, params, meta };
}

/** Whether a header repeats what a request is about. */
export function isNamed({ method }: Pick<PlainRequest, 'method'>): boolean {
  return forms.get(method)?.name !== undefined;
}

/** Notifications of 2025 that mean nothing to a server which remembers nothing of its clients. */
const NOTIFICATIONS = new Map<unknown, Check>([
  ['notifications/initialized', only({ _meta })],
  ['notifications/roots/list_changed', only({ _meta })],
  [
    'notifications/cancelled',
    only({ requestId: requestMeta.progressToken, reason: isString, _meta }),
  ],
]);
const isNotification = only(
  {
    jsonrpc: (value) => value === '2.0',
    method: (value) => NOTIFICATIONS.has(value),
    params: isFields,
  },
  ['jsonrpc', 'method'],
);

/** Whether a message is a notification of 2025 in its plain form. */
export function isPlainNotification(message: unknown): boolean {
  if (!isNotification(message)) return false;
  const { method, params = {} } = message as Message;
  return NOTIFICATIONS.get(method)?.(params) === true && eraOf(params._meta ?? {}) === 'legacy';
}

function eraOf(meta: Fields): ProtocolEra | undefined {
  const era = Object.hasOwn(meta, PROTOCOL_VERSION) ? 'modern' : 'legacy';
  if (era === 'modern' && !Object.hasOwn(meta, CLIENT_CAPABILITIES)) return undefined;
  return isMeta(meta, metaOf[era]) ? era : undefined;
}

/** `_meta` may have anything in it; only keys of the protocol mean something to the SDK. */
function isMeta(meta: Fields, known: ReadonlyMap<string, Check>): boolean {
  for (const key in meta) {
    const check = known.get(key);
    const isFine = check === undefined ? !key.startsWith(OF_PROTOCOL) : check(meta[key]);
    if (!isFine) return false;
  }
  return true;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check);
}

/** Whether a value is an object that has fitting values at these keys, `required` among them. It may have others. */
function having(checks: Readonly<Record<string, Check>>, required: readonly string[] = []): Check {
  const all = Object.entries(checks);
  return (value) =>
    isFields(value) &&
    all.every(([key, check]) => !Object.hasOwn(value, key) || check(value[key])) &&
    required.every((key) => Object.hasOwn(value, key));
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
