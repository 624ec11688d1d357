import { randomUUID } from 'node:crypto';
import type { ClientCapabilities, JSONRPCMessage, RequestId } from '@modelcontextprotocol/server';
import { CLIENT_CAPABILITIES, PROTOCOL_VERSION } from '../calls/call.js';
import type { Services } from '../calls/services.js';
import type { Change, Principal, ToolError } from '../definitions/definitions.js';
import { type CallOutcome, changeCapabilities } from '../protocol/features.js';
import {
  internalError,
  type PlainCall,
  PlainResults,
  plainCall,
  RequestLifetime,
} from '../protocol/plain-requests.js';
import {
  isPlainNotification,
  MODERN_VERSION,
  type PlainRequest,
  type ProtocolEra,
  plainRequest,
} from '../protocol/requests.js';
import type { LineTransport } from './line-transport.js';
import type { SdkConnection } from './sdk.js';

const decoder = new TextDecoder();

/** Whoever started this process may do everything. */
export const STDIO_PRINCIPAL: Principal = { id: 'stdio', scopes: ['*'] };

type Message = Readonly<Record<string, unknown>>;

/** Notifications after which the version of the protocol is settled, without an effect of their own. */
const INITIALIZED = { jsonrpc: '2.0', method: 'notifications/initialized' };
const SETTLE_MODERN = {
  ...INITIALIZED,
  params: { _meta: { [PROTOCOL_VERSION]: MODERN_VERSION, [CLIENT_CAPABILITIES]: {} } },
};
const PING = { jsonrpc: '2.0', method: 'ping' };
const RESOURCES_CHANGED = listChanged('resources');
/** What to tell a client of a change in what is offered. */
const LIST_CHANGED: Partial<Record<Change['kind'], string>> = {
  resources_list_changed: RESOURCES_CHANGED,
  missed: RESOURCES_CHANGED,
  tools_list_changed: listChanged('tools'),
  prompts_list_changed: listChanged('prompts'),
};

function listChanged(list: 'tools' | 'resources' | 'prompts'): string {
  return JSON.stringify({ jsonrpc: '2.0', method: `notifications/${list}/list_changed` });
}

/**
 * Answers plain requests of one connection itself. The first other message loads the MCP SDK, which answers that one and all
 * others that are not plain: it gets the beginning of the connection once more, so that it knows as much as this class does.
 *
 * The first request settles the version of a connection for good. Where the SDK has decided about it, only its answers tell.
 */
export class StdioConnection {
  readonly #outcomes = new Map<RequestId, CallOutcome>();
  readonly #underWay = new Map<RequestId, RequestLifetime>();
  readonly #results: PlainResults;
  /** The version that is settled; `unknown` when the SDK decides. */
  #era: ProtocolEra | 'opening' | 'unknown' = 'opening';
  /** What a client of 2025 began with. */
  #introduction: Message | undefined;
  #capabilities: ClientCapabilities | undefined;
  /** Which log messages it wants, and the request that said so. */
  #level: string | undefined;
  #levelSet: Message | undefined;
  /** The latest request of 2026-07-28 that the SDK has got while the version was unknown. */
  #latest: RequestId | undefined;
  #sdk: SdkConnection | undefined;
  #loading: Promise<SdkConnection> | undefined;
  /** What waits until the SDK is there. */
  #waiting: (() => void)[] = [];
  /** The requests of ours that tell the SDK what has happened before it came. */
  readonly #replayed = new Set<RequestId>();
  #onEmpty: (() => void) | undefined;
  readonly #stopTelling: () => void;

  constructor(
    private readonly services: Services,
    private readonly principal: Principal,
    private readonly transport: LineTransport,
  ) {
    const changes = changeCapabilities(services);
    this.#results = new PlainResults(services, { legacy: changes, modern: changes });
    transport.receive = (value) => this.#receive(value);
    // A client of 2025 is told without asking. From the moment on when the SDK is there it does that.
    this.#stopTelling = services.changes.listen(({ kind }) => {
      const message = LIST_CHANGED[kind];
      if (message === undefined || this.#era !== 'legacy' || transport.isClosed) return;
      transport.write(message);
    });
  }

  /** Resolves when everything is answered. */
  async answered(): Promise<void> {
    do {
      if (this.#underWay.size > 0) {
        await new Promise<void>((resolve) => {
          this.#onEmpty = resolve;
        });
      }
      await (await this.#loading)?.answered();
    } while (this.#underWay.size > 0);
  }

  /** Answers the calls that wait for something from their client. */
  async refuse(error: ToolError): Promise<void> {
    await this.#sdk?.refuse(error);
  }

  async close(): Promise<void> {
    this.#stopTelling();
    await this.#sdk?.close();
    await this.transport.close();
  }

  #receive(value: unknown): void {
    if (this.#isCancelled(value)) return;
    if (this.#loading !== undefined && this.#sdk === undefined) {
      this.#waiting.push(() => this.#receive(value));
      return;
    }
    const request = plainRequest(value);
    if (request === undefined) this.#receiveOther(value);
    else if (!this.#isAnswered(request, value)) this.#handOver(value);
  }

  #isCancelled(value: unknown): boolean {
    const { method, params } = (value ?? {}) as Message;
    if (method !== 'notifications/cancelled') return false;
    const { requestId } = (params ?? {}) as { requestId?: RequestId };
    const call = requestId === undefined ? undefined : this.#underWay.get(requestId);
    call?.end();
    return call !== undefined;
  }

  #receiveOther(value: unknown): void {
    // They mean nothing to a server that the SDK has not built yet.
    const isNothing =
      this.#era === 'legacy' && this.#sdk === undefined && isPlainNotification(value);
    if (isNothing) return;
    const { method } = (value ?? {}) as Message;
    const isAgain = this.#era === 'legacy' && method === 'initialize';
    if (this.#era === 'opening' || isAgain) this.#era = 'unknown';
    this.#handOver(value);
  }

  #isAnswered(request: PlainRequest, value: unknown): boolean {
    const isFirst = this.#era === 'opening';
    const { era, id, method } = request;
    if (method === 'initialize' && !isFirst) {
      // It changes what follows, and only the SDK remembers that.
      if (this.#era === 'legacy') this.#era = 'unknown';
      return false;
    }
    // A discovery settles nothing: its client may go on with 2025.
    if (isFirst && method !== 'server/discover') this.#era = era;
    if (isFirst && method === 'initialize') {
      this.#introduction = value as Message;
      this.#capabilities = request.params.capabilities as ClientCapabilities;
    }
    if (this.#era === 'unknown' && method !== 'server/discover') this.#latest = id;
    const isSettled = this.#era === era || (this.#era === 'opening' && era === 'modern');
    if (!isSettled || this.#underWay.has(id)) return false;
    if (method === 'logging/setLevel') {
      this.#levelSet = value as Message;
      this.#level = request.params.level as string;
      if (this.#sdk !== undefined) return false;
    }
    const result = this.#results.of(request, this.principal);
    if (result !== undefined) {
      const text = decoder.decode(result);
      this.transport.write(`{"result":${text},"jsonrpc":"2.0","id":${JSON.stringify(id)}}`);
      return true;
    }
    const call = plainCall(request, this.services, this.principal);
    if (call === undefined) return false;
    void this.#answer(request, call, value);
    return true;
  }

  async #answer({ id }: PlainRequest, call: PlainCall, value: unknown) {
    const caller = new RequestLifetime(this.#capabilities, this.#level);
    this.#underWay.set(id, caller);
    // Also when the outcome is there at once: it may be cancelled by what came with it.
    const isHeard = () => !caller.isOver && !this.transport.isClosed;
    const write = (message: string) => {
      if (isHeard()) this.transport.write(message);
    };
    try {
      const ended = await call.run(caller, write);
      if (typeof ended === 'string') {
        write(ended);
      } else if (isHeard()) {
        this.#outcomes.set(id, ended);
        this.#handOver(value);
      }
    } catch (error) {
      this.services.log.error({ err: error }, 'a call has failed');
      write(internalError(id));
    } finally {
      this.#underWay.delete(id);
      if (this.#underWay.size === 0) this.#onEmpty?.();
    }
  }

  /** Gives a value to the SDK. */
  #handOver(value: unknown): void {
    const { transport } = this;
    if (this.#sdk === undefined) {
      this.#waiting.push(() => this.#handOver(value));
      this.#loading ??= this.#load();
      return;
    }
    try {
      this.#sdk.receive(value);
    } catch (error) {
      transport.onerror?.(error as Error);
    }
  }

  async #load(): Promise<SdkConnection> {
    const { openSdkConnection } = await import('./sdk.js');
    const sdk = openSdkConnection(this.services, this.principal, this.transport, {
      outcomes: this.#outcomes,
      connected: () => this.#stopTelling(),
      sent: (message) => this.#isForClient(message),
    });
    this.#sdk = sdk;
    for (const message of this.#beginning()) sdk.receive(message);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const goOn of waiting) goOn();
    return sdk;
  }

  /** What the SDK has to hear to be where this connection is. */
  #beginning(): Message[] {
    if (this.#era === 'modern') return [SETTLE_MODERN];
    if (this.#era !== 'legacy' && this.#introduction === undefined) return [];
    const again = (message: Message) => {
      const id = randomUUID();
      this.#replayed.add(id);
      return { ...message, id };
    };
    const level = this.#levelSet === undefined ? [] : [again(this.#levelSet)];
    if (this.#introduction === undefined) return [again(PING), ...level];
    return [again(this.#introduction), INITIALIZED, ...level];
  }

  #isForClient(message: JSONRPCMessage): boolean {
    if (!('id' in message) || 'method' in message || message.id === undefined) return true;
    const { id } = message;
    if (this.#replayed.delete(id)) return false;
    this.#outcomes.delete(id);
    const isModern = 'result' in message && 'resultType' in message.result;
    if (isModern && id === this.#latest && this.#era === 'unknown') this.#era = 'modern';
    return true;
  }
}
