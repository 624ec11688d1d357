import type { JSONRPCMessage, RequestId, Transport } from '@modelcontextprotocol/server';
import type { Services } from '../app.js';
import { plainCall } from '../dispatch/plain-calls.js';
import { plainRequest } from '../dispatch/plain-request.js';
import type { Principal } from '../pipeline/principal.js';
import type { ToolOutcome } from '../tools/run-tool.js';

/**
 * Answers plain calls of tools in front of the protocol library, which keeps everything else: the beginning of a connection, which
 * decides about its era, and whatever is not plain.
 */
export class PlainCalls {
  /** For the library: what became of calls that only it can put into words. */
  readonly outcomes = new Map<RequestId, ToolOutcome>();
  readonly #underWay = new Map<RequestId, AbortController>();
  /** The first call of 2026-07-28, until the library has answered it. */
  #first: RequestId | undefined;
  #isModern = false;

  constructor(
    private readonly services: Services,
    private readonly principal: Principal,
  ) {}

  /** Puts itself between a transport and the server that has been connected to it. */
  listenTo(transport: Transport): void {
    const { onmessage } = transport;
    const send = transport.send.bind(transport);
    transport.onmessage = (message, extra) => {
      const toLibrary = () => onmessage?.(message, extra);
      if (!this.#take(message, transport, toLibrary)) toLibrary();
    };
    transport.send = async (message, options) => {
      if ('result' in message && message.id === this.#first) this.#isModern = true;
      if ('id' in message) this.outcomes.delete(message.id as RequestId);
      await send(message, options);
    };
  }

  /** Whether a message is answered here. */
  #take(message: JSONRPCMessage, transport: Transport, toLibrary: () => void): boolean {
    if ('method' in message && message.method === 'notifications/cancelled') {
      const call = this.#underWay.get(message.params?.requestId as RequestId);
      call?.abort();
      return call !== undefined;
    }
    const request = plainRequest(message);
    if (request?.era !== 'modern' || request.method !== 'tools/call') return false;
    this.#first ??= request.id;
    if (!this.#isModern || this.#underWay.has(request.id)) return false;
    const call = plainCall(request, this.services, this.principal);
    if (call === undefined) return false;

    const cancelled = new AbortController();
    const { signal } = cancelled;
    this.#underWay.set(request.id, cancelled);
    const whenOver = (work: () => void) => signal.addEventListener('abort', work, { once: true });
    call
      .run({ signal, whenOver })
      .finally(() => this.#underWay.delete(request.id))
      .then(async (outcome) => {
        if (signal.aborted) return;
        const messages = call.messages(outcome);
        if (messages === undefined) {
          this.outcomes.set(request.id, outcome);
          toLibrary();
        }
        for (const message of messages ?? []) await transport.send(message as JSONRPCMessage);
      })
      .catch((error: unknown) => this.services.log.error({ err: error }, 'call failed'));
    return true;
  }
}
