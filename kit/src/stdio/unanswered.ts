import type { Transport } from '@modelcontextprotocol/server';
import type { ToolError } from '../definitions/errors.js';

const INTERNAL_ERROR = -32_603;

/** The requests of a connection that have no answer yet. Streams that stay open do not count. */
export class Unanswered {
  readonly #ids = new Set<string | number>();
  #onEmpty: (() => void) | undefined;

  /** Listens to a transport that a server has been connected to. */
  constructor(private readonly transport: Transport) {
    const { onmessage } = transport;
    transport.onmessage = (message, extra) => {
      if ('method' in message) {
        if (message.method === 'notifications/cancelled') this.#forget(message.params?.requestId);
        if ('id' in message && message.method !== 'subscriptions/listen') this.#ids.add(message.id);
      }
      onmessage?.(message, extra);
    };
    const send = transport.send.bind(transport);
    transport.send = async (message, options) => {
      await send(message, options);
      if ('id' in message && !('method' in message)) this.#forget(message.id);
    };
  }

  /** Resolves when everything is answered. */
  async none(): Promise<void> {
    if (this.#ids.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** Answers what nobody else is going to answer: calls that wait for something from their client. */
  async refuse({ message, details }: ToolError): Promise<void> {
    const error = { code: INTERNAL_ERROR, message, data: details };
    for (const id of this.#ids) await this.transport.send({ jsonrpc: '2.0', id, error });
  }

  #forget(id: unknown): void {
    this.#ids.delete(id as string | number);
    if (this.#ids.size === 0) this.#onEmpty?.();
  }
}
