import {
  type McpServer,
  type ProtocolEra,
  parseJSONRPCMessage,
  type RequestId,
} from '@modelcontextprotocol/server';
import type { Services } from '../calls/services.js';
import type { Change } from '../definitions/changes.js';
import type { Principal } from '../definitions/principal.js';
import { readersOf } from '../protocol/change-events.js';
import type { CallOutcome } from '../protocol/offer.js';
import { Caller, internalError, type PlainCall, plainCall } from '../protocol/plain-calls.js';
import { type PlainRequest, plainRequest } from '../protocol/requests.js';
import type { LineTransport } from './line-transport.js';

/**
 * Answers plain calls of tools in front of the MCP SDK, which keeps everything else: the beginning of a connection, which
 * decides about its era, and whatever is not plain.
 */
export class PlainCalls {
  /** For the SDK: what became of calls that only it can put into words. */
  readonly outcomes = new Map<RequestId, CallOutcome>();
  readonly #underWay = new Map<RequestId, Caller>();
  /** The latest call of 2026-07-28 that the SDK has got. */
  #latest: RequestId | undefined;
  /** Whether the SDK has answered such a call in the form of that version: then the connection is of it, for good. */
  #isModern = false;
  #onEmpty: (() => void) | undefined;

  constructor(
    private readonly services: Services,
    private readonly principal: Principal,
  ) {}

  /** Puts itself between a transport and the server that has been connected to it. */
  listenTo(transport: LineTransport): void {
    const send = transport.send.bind(transport);
    transport.intercept = (value) => this.#isCancelled(value) || this.#isAnswered(value, transport);
    transport.send = async (message) => {
      if ('result' in message && message.id === this.#latest) {
        this.#isModern ||= 'resultType' in message.result;
      }
      if ('id' in message) this.outcomes.delete(message.id as RequestId);
      await send(message);
    };
  }

  /** Resolves when no call is under way here. */
  async none(): Promise<void> {
    if (this.#underWay.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  #isCancelled(value: unknown): boolean {
    const { method, params } = (value ?? {}) as Record<string, unknown>;
    if (method !== 'notifications/cancelled') return false;
    const { requestId } = (params ?? {}) as { requestId?: RequestId };
    const call = requestId === undefined ? undefined : this.#underWay.get(requestId);
    call?.end();
    return call !== undefined;
  }

  #isAnswered(value: unknown, transport: LineTransport): boolean {
    const request = plainRequest(value);
    if (request?.era !== 'modern' || request.method !== 'tools/call') return false;
    if (!this.#isModern) this.#latest = request.id;
    if (!this.#isModern || this.#underWay.has(request.id)) return false;
    const call = plainCall(request, this.services, this.principal);
    if (call === undefined) return false;
    void this.#answer(request, call, value, transport);
    return true;
  }

  async #answer({ id }: PlainRequest, call: PlainCall, value: unknown, transport: LineTransport) {
    const caller = new Caller();
    this.#underWay.set(id, caller);
    // Also when the outcome is there at once: it may be cancelled by what came with it.
    const isHeard = () => !caller.isOver && !transport.isClosed;
    const write = (message: string) => {
      if (isHeard()) transport.write(message);
    };
    try {
      const ended = await call.run(caller, write);
      if (typeof ended === 'string') {
        write(ended);
      } else if (isHeard()) {
        this.outcomes.set(id, ended);
        transport.onmessage?.(parseJSONRPCMessage(value));
      }
    } catch (error) {
      this.services.log.error({ err: error }, 'a call has failed');
      write(internalError(id));
    } finally {
      this.#underWay.delete(id);
      if (this.#underWay.size === 0) this.#onEmpty?.();
    }
  }
}

/** Whoever started this process may do everything. */
export const OWNER: Principal = { id: 'stdio', scopes: ['*'] };

/**
 * Tells a client over its own connection which resources have changed. A client of 2026 asks for that with
 * `subscriptions/listen`, which the transport answers and keeps to; one of 2025 with `resources/subscribe`.
 */
export function pushChanges({ server }: McpServer, services: Services, era: ProtocolEra): void {
  const subscribed = new Set<string>();
  const mayRead = readersOf(services);
  if (era === 'legacy') {
    server.setRequestHandler('resources/subscribe', ({ params }) => {
      subscribed.add(params.uri);
      return {};
    });
    server.setRequestHandler('resources/unsubscribe', ({ params }) => {
      subscribed.delete(params.uri);
      return {};
    });
  }

  async function update(uri: string): Promise<void> {
    if (era === 'legacy' && !subscribed.has(uri)) return;
    if (!mayRead(uri, OWNER)) return;
    await server.sendResourceUpdated({ uri });
  }

  async function tell(change: Change): Promise<void> {
    if (change.kind === 'resource_updated') return await update(change.uri);
    if (change.kind === 'missed') for (const uri of subscribed) await update(uri);
    if (change.kind === 'missed' || change.kind === 'resources_list_changed') {
      await server.sendResourceListChanged();
    }
  }

  const stop = services.changes.listen((change) => {
    tell(change).catch((error) => services.log.debug({ err: error }, 'change not told'));
  });
  const { onclose } = server;
  server.onclose = () => {
    stop();
    onclose?.();
  };
}
