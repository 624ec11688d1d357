import type { Logger } from 'pino';
import { andThen, type MaybePromise } from '../calls/call.js';
import { type Timer, toBytes, unref } from '../host/host.js';
import type {
  BodyWriter,
  HttpRequest,
  HttpResponse,
  RequestHeaders,
  StreamedBody,
} from '../parts.js';
import { internalError } from '../protocol/plain-requests.js';
import {
  isNamed,
  MODERN_VERSION,
  type PlainRequest,
  type ProtocolEra,
} from '../protocol/requests.js';
import { toWebResponse } from './exchange.js';

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
 * for the MCP SDK.
 * @see https://modelcontextprotocol.io/specification/draft/basic/transports
 */
export function headersAgree(headers: RequestHeaders, request: PlainRequest): boolean {
  if (request.era === 'modern') {
    return (
      headers.get('mcp-protocol-version') === MODERN_VERSION &&
      headers.get('mcp-method') === request.method &&
      (!isNamed(request) || headers.get('mcp-name') === request.name)
    );
  }
  return headersAgreeLegacy(headers);
}

/** The same for a message of 2025, whose headers say little. */
export function headersAgreeLegacy(headers: RequestHeaders): boolean {
  const version = headers.get('mcp-protocol-version');
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
/** How many characters may wait for the beginning of an answer. */
const MAX_HELD = 64_000;

/**
 * The answer to one call, in time as the MCP SDK gives it: a client of 2025 has the beginning of its answer while the call
 * goes on, and one of 2026-07-28 a stream as soon as there is a notification. What is there soon is sent in one piece.
 */
export class CallReply implements StreamedBody {
  /** Events that are not written yet. */
  #held = '';
  #isOver = false;
  /** Nobody hears what a call says after its end, or when its client has gone. */
  #isClosed = false;
  #open: (() => void) | undefined;
  #target: BodyWriter | undefined;
  #keepAlive: Timer | undefined;
  /** Calls that go on when there is room for more. */
  #waiting: (() => void)[] | undefined;

  constructor(
    private readonly call: Pick<PlainRequest, 'era' | 'id'>,
    private readonly request: Pick<HttpRequest, 'whenOver'>,
    private readonly log: Pick<Logger, 'error'>,
  ) {}

  /** Takes a notification that comes before the answer. Resolves when there is room for another. */
  notify(message: string): MaybePromise<void> {
    if (this.#isClosed || this.#isOver) return;
    const event = eventOf(message);
    if (this.#target !== undefined) return this.#target.write(event);
    this.#held += event;
    const isFull = this.#held.length > MAX_HELD;
    if (this.call.era === 'modern' || isFull) this.#open?.();
    if (!isFull) return;
    return new Promise((resolve) => {
      this.#waiting ??= [];
      this.#waiting.push(resolve);
    });
  }

  /** The answer in one piece, with the notifications that came before it. */
  whole(message: string): HttpResponse {
    const events = this.#held;
    this.#close();
    return wholeAnswer(this.call.era, message, events);
  }

  /** The answer to a call that goes on. @param last the message that ends it, or the SDK's answer */
  later(last: PromiseLike<string | HttpResponse>): Promise<HttpResponse> {
    this.request.whenOver(() => this.#close());
    return new Promise((resolve, reject) => {
      let isOpen = false;
      const open = () => {
        this.#open = undefined;
        isOpen = true;
        resolve({ status: 200, headers: { ...EVENTS }, body: this });
      };
      const timer =
        this.call.era === 'legacy' ? setTimeout(() => this.#open?.(), OPEN_AFTER_MS) : undefined;
      this.#open = open;
      const isDue = this.call.era === 'modern' ? this.#held !== '' : this.#held.length > MAX_HELD;
      if (isDue) open();
      const end = async (answer: string | HttpResponse) => {
        clearTimeout(timer);
        if (!isOpen && typeof answer !== 'string' && this.#held === '') return resolve(answer);
        const message =
          typeof answer === 'string' ? answer : messageIn(await toWebResponse(answer).text());
        if (isOpen) this.#end(message);
        else resolve(this.whole(message));
      };
      Promise.resolve(last)
        .then(end)
        .catch((error: unknown) => {
          clearTimeout(timer);
          if (!isOpen) return reject(error);
          this.log.error({ err: error }, 'a call has failed after its answer had begun');
          this.#end(internalError(this.call.id));
        });
    });
  }

  start(target: BodyWriter): void {
    if (this.#isClosed) {
      target.end();
      return;
    }
    this.#target = target;
    this.#keepAlive = unref(setInterval(() => target.write(': keepalive\n\n'), KEEP_ALIVE_MS));
    const events = this.#held;
    this.#held = '';
    if (this.#isOver) {
      this.#close(events);
      return;
    }
    void andThen(events === '' ? undefined : target.write(events), () => this.#goOn());
  }

  #end(message: string): void {
    this.#isOver = true;
    if (this.#isClosed) return;
    const event = eventOf(message);
    if (this.#target === undefined) {
      this.#held += event;
    } else {
      this.#close(event);
    }
  }

  #close(last?: string): void {
    this.#isClosed = true;
    this.#held = '';
    clearInterval(this.#keepAlive);
    this.#target?.end(last);
    this.#target = undefined;
    this.#goOn();
  }

  #goOn(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const resolve of waiting) resolve();
  }
}

/** An answer in one piece. @param events what comes before the message */
export function wholeAnswer(era: ProtocolEra, message: string, events = ''): HttpResponse {
  if (era === 'modern' && events === '') {
    return { status: 200, headers: { 'content-type': 'application/json' }, body: message };
  }
  return { status: 200, headers: { ...EVENTS }, body: events + eventOf(message) };
}

function eventOf(message: string): string {
  return EVENT + message + END_OF_EVENT;
}

/**
 * The message in a text of the SDK, which is JSON or an event. A line of it ends with a line feed and with nothing else that
 * regular expressions take for an end: data may have U+2028 in it.
 */
export function messageIn(text: string): string {
  return /(?:^|\n)data: (\{[^\n]*)/.exec(text)?.[1] ?? text;
}

const JSON_BEGIN = toBytes('{"result":');
const EVENT_BEGIN = toBytes(`${EVENT}{"result":`);

/** An answer whose result is UTF-8 already: it is long, so it is not copied. */
export function cachedResponse(
  era: ProtocolEra,
  id: string | number,
  result: Uint8Array,
): HttpResponse {
  const isEvent = era === 'legacy';
  const begin = isEvent ? EVENT_BEGIN : JSON_BEGIN;
  const end = `,"jsonrpc":"2.0","id":${JSON.stringify(id)}}${isEvent ? END_OF_EVENT : ''}`;
  const headers = isEvent ? { ...EVENTS } : { 'content-type': 'application/json' };
  return { status: 200, headers, body: [begin, result, toBytes(end)] };
}
