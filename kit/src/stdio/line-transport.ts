import type { Readable, Writable } from 'node:stream';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/server';

const NEWLINE = 10;
/** What one message may have, as in the MCP SDK. */
const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;

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
  /** Gets each value that arrives. */
  receive: (value: unknown) => void = () => {};
  #begun: Buffer[] = [];
  #begunBytes = 0;
  #waiting = '';
  #isClosed = false;
  #isStarted = false;

  constructor(
    private readonly input: Readable,
    private readonly output: Writable,
  ) {}

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Begins to read. The MCP SDK does it once more when it takes over. */
  async start(): Promise<void> {
    if (this.#isStarted) return;
    this.#isStarted = true;
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
    if (this.#begunBytes > MAX_MESSAGE_BYTES) {
      this.#fail(new Error(`A message has more than ${MAX_MESSAGE_BYTES} bytes.`));
    }
  };

  #receive(line: string): void {
    if (line.trim() === '') return;
    try {
      this.receive(JSON.parse(line));
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
