import type { Readable, Writable } from 'node:stream';
import {
  type JSONRPCMessage,
  parseJSONRPCMessage,
  STDIO_DEFAULT_MAX_BUFFER_SIZE,
  type Transport,
} from '@modelcontextprotocol/server';
import type { ToolError } from '../definitions/errors.js';

const NEWLINE = 10;

/**
 * JSON-RPC messages, one in a line. Unlike the transport of the MCP SDK it goes on after the end of its input, because
 * calls are still to be answered then; it writes the answers of one turn of the event loop together, and reads no more
 * than the client takes.
 * @see https://modelcontextprotocol.io/specification/draft/basic/transports#stdio
 */
export class LineTransport implements Transport {
  onmessage?: NonNullable<Transport['onmessage']>;
  onerror?: NonNullable<Transport['onerror']>;
  onclose?: NonNullable<Transport['onclose']>;
  /** Sees what arrives before anything else does. @returns whether that is all that has to happen. */
  intercept: (value: unknown) => boolean = () => false;
  #begun: Buffer[] = [];
  #begunBytes = 0;
  #waiting = '';
  #isClosed = false;

  constructor(
    private readonly input: Readable,
    private readonly output: Writable,
  ) {}

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async start(): Promise<void> {
    this.input.on('data', this.#read).once('error', (error) => this.#fail(error));
  }

  async send(message: JSONRPCMessage): Promise<void> {
    this.write(JSON.stringify(message));
  }

  /** Sends a message that is JSON already. */
  write(message: string): void {
    if (this.#isClosed) throw new Error('The connection is closed.');
    if (this.#waiting === '') setImmediate(() => this.#flush());
    this.#waiting += `${message}\n`;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#flush();
    this.#isClosed = true;
    this.input.off('data', this.#read).pause();
    this.onclose?.();
  }

  #read = (chunk: Buffer): void => {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#begun.push(chunk.subarray(start, end));
      const line = this.#begun.length === 1 ? this.#begun[0] : Buffer.concat(this.#begun);
      this.#begun = [];
      this.#begunBytes = 0;
      start = end + 1;
      this.#receive(String(line));
    }
    if (start === chunk.length) return;
    this.#begun.push(chunk.subarray(start));
    this.#begunBytes += chunk.length - start;
    if (this.#begunBytes > STDIO_DEFAULT_MAX_BUFFER_SIZE) {
      this.#fail(new Error(`A message has more than ${STDIO_DEFAULT_MAX_BUFFER_SIZE} bytes.`));
    }
  };

  #receive(line: string): void {
    if (line.trim() === '') return;
    try {
      const value: unknown = JSON.parse(line);
      if (!this.intercept(value)) this.onmessage?.(parseJSONRPCMessage(value));
    } catch (error) {
      this.onerror?.(error as Error);
    }
  }

  #flush(): void {
    const text = this.#waiting;
    this.#waiting = '';
    if (text === '' || this.output.write(text) || this.input.isPaused()) return;
    this.input.pause();
    this.output.once('drain', () => this.#isClosed || this.input.resume());
  }

  #fail(error: Error): void {
    this.onerror?.(error);
    void this.close();
  }
}

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
