import type {
  JSONRPCMessage,
  JSONRPCRequest,
  McpServer,
  RequestId,
  Transport,
} from '@modelcontextprotocol/server';

/** What a session has told its servers, and what it does with what they say. */
export interface Client {
  /** The messages with which the client introduced itself; each request is answered by a server that has heard them. */
  readonly introduction: readonly JSONRPCRequest[];
  send(message: JSONRPCMessage): void;
}

/**
 * A server for one request of a session, and the transport between the two. A session has no server of its own: what the caller
 * may do is looked up for every request, and an idle session is nothing but a few fields.
 */
export class RequestServer implements Transport {
  onmessage?: Transport['onmessage'];
  onclose?: () => void;
  onerror?: (error: Error) => void;
  #introduced: (() => void) | undefined;

  constructor(
    private readonly server: McpServer,
    private readonly client: Client,
  ) {}

  /** Hands the request over; the answer, and everything before it, goes to the client. */
  async serve(request: JSONRPCRequest): Promise<void> {
    await this.server.connect(this);
    for (const message of this.client.introduction) {
      await new Promise<void>((resolve) => {
        this.#introduced = resolve;
        this.onmessage?.(message);
      });
    }
    this.#introduced = undefined;
    this.onmessage?.(request);
  }

  /** An answer to what this server asked, or the end of the call. */
  deliver(message: JSONRPCMessage): void {
    this.onmessage?.(message);
  }

  /** Whatever goes on ends. */
  async end(): Promise<void> {
    await this.server.close();
  }

  async start(): Promise<void> {}

  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#introduced === undefined) this.client.send(message);
    else if (!('method' in message)) this.#introduced();
  }

  async close(): Promise<void> {
    this.onclose?.();
  }
}

/** The id of the request that a message answers. */
export function answeredBy(message: JSONRPCMessage): RequestId | undefined {
  return 'method' in message || !('id' in message) ? undefined : message.id;
}
