import { type Era, MODERN_VERSION, type PlainRequest } from '../protocol/plain-request.js';
import type { Answer, BodyTarget, Incoming, RequestHeaders, WrittenBody } from './exchange.js';
import { toResponse } from './web-request.js';

const LEGACY_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26'];
const EVENTS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};

const EVENT = 'event: message\ndata: ';
const END_OF_EVENT = '\n\n';

/**
 * Whether the headers of a plain request say what its body says. Those that say it in another way, or something else, are
 * for the protocol library.
 * @see https://modelcontextprotocol.io/specification/draft/basic/transports
 */
export function headersAgree(headers: RequestHeaders, request: PlainRequest): boolean {
  const version = headers.get('mcp-protocol-version');
  if (request.era === 'modern') {
    return (
      version === MODERN_VERSION &&
      headers.get('mcp-method') === request.method &&
      (request.method !== 'tools/call' || headers.get('mcp-name') === request.name)
    );
  }
  const accept = headers.get('accept') ?? '';
  return (
    (version === null || LEGACY_VERSIONS.includes(version)) &&
    headers.get('mcp-session-id') === null &&
    accept.includes('application/json') &&
    accept.includes('text/event-stream')
  );
}

/** How long a client of 2025 waits for the beginning of an answer that is not there at once (milliseconds). */
const OPEN_AFTER_MS = 15;
const KEEP_ALIVE_MS = 15_000;

/**
 * The answer to one call, in time as the protocol library gives it: a client of 2025 has the beginning of its answer while the call
 * goes on, and one of 2026-07-28 a stream as soon as there is a notification. What is there soon is sent in one piece.
 */
export class CallReply implements WrittenBody {
  /** What is not written yet. */
  #events = '';
  #isOver = false;
  #open: (() => void) | undefined;
  #target: BodyTarget | undefined;
  #keepAlive: NodeJS.Timeout | undefined;

  constructor(
    private readonly era: Era,
    private readonly request: Pick<Incoming, 'whenOver'>,
  ) {}

  /** Takes a message that comes before the answer. */
  readonly tell = (message: string): void => {
    this.#write(eventOf(message));
    if (this.era === 'modern') this.#open?.();
  };

  /** The answer in one piece, with the messages that came before it. */
  whole(message: string): Answer {
    if (this.era === 'modern' && this.#events === '') {
      return { status: 200, headers: { 'content-type': 'application/json' }, body: message };
    }
    return { status: 200, headers: { ...EVENTS }, body: this.#events + eventOf(message) };
  }

  /** The answer to a call that goes on. @param last the message that ends it, or the library's answer */
  later(last: PromiseLike<string | Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const timer = this.era === 'legacy' && setTimeout(() => this.#open?.(), OPEN_AFTER_MS);
      let isOpen = false;
      this.#open = () => {
        this.#open = undefined;
        isOpen = true;
        resolve({ status: 200, headers: { ...EVENTS }, body: this });
      };
      if (this.era === 'modern' && this.#events !== '') this.#open();
      const end = async (answer: string | Answer) => {
        if (timer) clearTimeout(timer);
        if (!isOpen && typeof answer !== 'string' && this.#events === '') return resolve(answer);
        const message = typeof answer === 'string' ? answer : await messageIn(answer);
        if (!isOpen) return resolve(this.whole(message));
        this.#write(eventOf(message));
        this.#end();
      };
      Promise.resolve(last)
        .then(end)
        .catch((error: unknown) => {
          if (timer) clearTimeout(timer);
          reject(error);
          this.#end();
        });
    });
  }

  start(target: BodyTarget): void {
    this.#target = target;
    this.#keepAlive = setInterval(() => target.write(': keepalive\n\n'), KEEP_ALIVE_MS).unref();
    this.request.whenOver(() => this.#forget());
    const events = this.#events;
    this.#events = '';
    if (events !== '') target.write(events);
    if (this.#isOver) this.#end();
  }

  #write(text: string): void {
    if (this.#target === undefined) this.#events += text;
    else this.#target.write(text);
  }

  #end(): void {
    this.#isOver = true;
    const target = this.#target;
    this.#forget();
    target?.end();
  }

  #forget(): void {
    clearInterval(this.#keepAlive);
    if (this.#target !== undefined) this.#target = { write() {}, end() {} };
  }
}

function eventOf(message: string): string {
  return EVENT + message + END_OF_EVENT;
}

/** The message in an answer of the library, which is JSON or one event. */
async function messageIn(answer: Answer): Promise<string> {
  const text = await toResponse(answer).text();
  return /^data: (.*)$/m.exec(text)?.[1] ?? text;
}

/** The same for one message whose result is there in UTF-8: it is long, and not copied. */
export function keptAnswer(era: Era, id: string | number, result: Uint8Array): Answer {
  const isEvent = era === 'legacy';
  const begin = `${isEvent ? EVENT : ''}{"result":`;
  const end = `,"jsonrpc":"2.0","id":${JSON.stringify(id)}}${isEvent ? END_OF_EVENT : ''}`;
  const headers = isEvent ? { ...EVENTS } : { 'content-type': 'application/json' };
  return { status: 200, headers, body: [Buffer.from(begin), result, Buffer.from(end)] };
}
