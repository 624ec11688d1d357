import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import type { Answer } from '../http/exchange.js';

const KEEP_ALIVE_MS = 15_000;

/** How long a client should wait before it takes up a lost stream again (milliseconds). */
export const RETRY_MS = 1_000;

/** How much may wait for a client that reads slowly; what it loses is kept for it. */
const MAX_WAITING_BYTES = 1_000_000;

/** A stream that a client has asked for with GET. */
export class EventStream {
  readonly #body: ReadableStream<Uint8Array>;
  readonly #encoder = new TextEncoder();
  readonly #keepAlive: NodeJS.Timeout;
  #target: ReadableStreamDefaultController<Uint8Array> | undefined;

  /**
   * @param mark says where the stream is, for a client that understands events that say nothing else
   * @param onEnd is called once, when the stream is over for whatever reason
   */
  constructor(
    private readonly mark: (() => string) | undefined,
    private readonly onEnd: () => void,
  ) {
    this.#body = new ReadableStream<Uint8Array>(
      { start: (target) => this.#start(target), cancel: () => void this.#finish() },
      new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES }),
    );
    this.#keepAlive = setInterval(() => this.#stayAlive(), KEEP_ALIVE_MS).unref();
  }

  /** @param id where the stream is when the client has read this */
  send(message: JSONRPCMessage, id?: string): void {
    this.#write(`event: message\n${id ? `id: ${id}\n` : ''}data: ${JSON.stringify(message)}\n\n`);
  }

  /** Tells the client where the stream is, so that it can take it up again before anything was sent. */
  begin(): void {
    if (this.mark) this.#write(`id: ${this.mark()}\nretry: ${RETRY_MS}\ndata: \n\n`);
  }

  end(): void {
    this.#finish()?.close();
  }

  answer(session: string): Answer {
    const headers = {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'mcp-session-id': session,
    };
    return { status: 200, headers, body: this.#body };
  }

  #start(target: ReadableStreamDefaultController<Uint8Array>): void {
    this.#target = target;
  }

  /** Always alike: whether something came by that does not concern the client is not its business. */
  #stayAlive(): void {
    this.#write(this.mark ? `id: ${this.mark()}\ndata: \n\n` : ': keepalive\n\n');
  }

  #write(text: string): void {
    if (this.#target === undefined) return;
    if ((this.#target.desiredSize ?? 0) > 0) this.#target.enqueue(this.#encoder.encode(text));
    else this.#finish()?.error(new Error('the client does not read its stream'));
  }

  #finish(): ReadableStreamDefaultController<Uint8Array> | undefined {
    const target = this.#target;
    if (target === undefined) return undefined;
    this.#target = undefined;
    clearInterval(this.#keepAlive);
    this.onEnd();
    return target;
  }
}
