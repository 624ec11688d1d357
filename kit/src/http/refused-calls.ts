import type { RequestMeta } from '@modelcontextprotocol/server';
import { type Call, protocolVersionOf } from '../calls/call.js';
import type { CallObserver } from '../calls/services.js';
import type { Principal } from '../definitions/definitions.js';
import type { Correlation, RequestScope } from '../host/host.js';
import type { HttpRequest } from '../parts.js';
import type { HttpApp } from './app.js';

type Fields = { readonly [name: string]: unknown };

const KINDS = new Map<unknown, Call['kind']>([
  ['tools/call', 'tool'],
  ['resources/read', 'resource'],
  ['prompts/get', 'prompt'],
]);

/** The calls that a request asks for and that the pipeline has not seen yet, by the ids of their messages. */
const awaited = new WeakMap<Correlation, Map<unknown, Call>>();

/**
 * Records the calls that never reach the pipeline, because the protocol refuses them: nothing of that name is there for the
 * caller, the arguments do not fit, or a scope is missing.
 */
export function watchForRefusedCalls(
  request: HttpRequest,
  body: unknown,
  principal: Principal,
  { audit, definitions, host, metrics }: HttpApp,
): void {
  const scope = host.requests.getStore();
  const calls = new Map((Array.isArray(body) ? body : [body]).flatMap(toCall));
  if (scope === undefined || calls.size === 0) return;
  awaited.set(scope, calls);
  const started = performance.now();
  const era = protocolVersionOf({ _meta: paramsOf(body)._meta as RequestMeta });
  request.whenOver(() => {
    for (const call of calls.values()) {
      const ms = performance.now() - started;
      const entry = { call, principal, outcome: 'REFUSED', ms, correlationId: scope.id };
      audit.ended({ ...entry, era });
      metrics.callRefused(
        definitions.tools.has(call.name) ? call : { ...call, name: 'unknown' },
        ms,
      );
    }
  });
}

/** The pipeline has begun with a call: it records how that ends. */
export function dispatched(requests: RequestScope): CallObserver {
  return {
    began(_, { mcpReq }) {
      const scope = requests.getStore();
      if (scope !== undefined) awaited.get(scope)?.delete(mcpReq.id);
    },
    ended() {},
  };
}

function toCall(message: unknown): [id: unknown, Call][] {
  const { method, id = Symbol('none') } = (message ?? {}) as Fields;
  const kind = KINDS.get(method);
  if (kind === undefined) return [];
  const { name, uri, arguments: input } = paramsOf(message);
  if (kind === 'resource') return [[id, { kind, name: '', uri: textOf(uri) }]];
  return [[id, { kind, name: textOf(name), input }]];
}

function paramsOf(message: unknown): Fields {
  return ((message as Fields | null)?.params ?? {}) as Fields;
}

/** What a caller sent in place of a name. */
function textOf(name: unknown): string {
  return typeof name === 'string' ? name : '';
}
