import type { ServerProcess } from './server-process.js';

/** The part of both SDKs' JSON-RPC message types that a transport needs to know: nothing. */
type Message = { jsonrpc: '2.0' };

/**
 * A client transport over a server process of ours, for both SDKs. Their own stdio transports ignore what is not
 * JSON-RPC on stdout, end a server that does not end by itself without saying so, and know no process groups: the
 * three things that a smoke test is about.
 */
export class ProcessTransport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  // Each SDK assigns a function for its own message type.
  onmessage?: (message: never) => void;
  /** Lines on stdout that are not JSON-RPC messages. */
  readonly noise: string[] = [];
  /** `stderr` and `pid` are how the v2 client recognises stdio. */
  readonly stderr = null;
  readonly #server: ServerProcess;
  #closed = false;

  constructor(server: ServerProcess) {
    this.#server = server;
  }

  get pid(): number | null {
    return this.#server.pid;
  }

  async start(): Promise<void> {
    this.#server.onLine = (line) => this.#receive(line);
    void this.#server.ended().then(() => this.#close());
  }

  send(message: Message): Promise<void> {
    return this.#server.write(`${JSON.stringify(message)}\n`);
  }

  /** Only lets the client go; the process is ended by the one who started it. */
  async close(): Promise<void> {
    this.#close();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.onclose?.();
  }

  #receive(line: string): void {
    const message = parseMessage(line);
    if (message === null) this.noise.push(line);
    else if (!this.#closed) this.onmessage?.(message as never);
  }
}

/** A JSON-RPC message from one line of stdout, or null for anything else. */
export function parseMessage(line: string): object | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { jsonrpc, method, result, error } = value as Record<string, unknown>;
  const known = typeof method === 'string' || result !== undefined || error !== undefined;
  return jsonrpc === '2.0' && known ? value : null;
}
