import { createMcpHandler } from '@modelcontextprotocol/server';
import type { Principal } from '../definitions/definitions.js';
import { sleep } from '../host/host.js';
import { Concurrency } from '../limits/call-limits.js';
import type { HttpRequest, HttpResponse } from '../parts.js';
import { changeCapabilities } from '../protocol/features.js';
import {
  createMcpServer,
  eventsOf,
  type MayRead,
  readableListenRequest,
  resourceAccess,
} from '../protocol/mcp-server.js';
import { LISTEN } from '../protocol/requests.js';
import type { Authenticate, HttpApp } from './app.js';
import { LiveCaller, tooManyRequests } from './callers.js';
import { PendingResponses, refuse } from './exchange.js';

/** How much may wait for a client that reads slowly. */
const MAX_WAITING_BYTES = 1_000_000;

/** How long clients may take to read the end of their streams, in milliseconds. */
const CLOSE_MS = 1_000;

/** The open streams of `subscriptions/listen`. */
export class Subscriptions {
  readonly #ofClient: Concurrency;
  readonly #open = new Set<() => Promise<void>>();
  readonly #unsent = new PendingResponses();

  readonly #mayRead: MayRead;

  constructor(private readonly app: HttpApp) {
    this.#mayRead = resourceAccess(app);
    this.#ofClient = new Concurrency(app.config.MAX_CONCURRENT_CALLS);
  }

  /** How many are open. */
  get count(): number {
    return this.#open.size;
  }

  /**
   * Opens the stream that a request asks for. It tells its caller what the caller may know at that time.
   * @param authenticate says who the caller is now; the stream ends when its credentials do
   */
  async open(
    request: HttpRequest,
    body: unknown,
    principal: Principal,
    authenticate: Authenticate,
  ): Promise<HttpResponse> {
    const { app } = this;
    if (this.#open.size >= app.config.MAX_SUBSCRIPTIONS) {
      app.metrics.limited('subscriptions');
      return refuse(503, 'Too many subscriptions. Try again later.', { 'retry-after': '1' });
    }
    const leave = this.#ofClient.begin(principal.id);
    if (leave === undefined) {
      app.metrics.limited('subscriptions');
      return tooManyRequests(1_000);
    }

    const caller = new LiveCaller(principal, authenticate, () => void mcp.close());
    const mayHear = (uri: string) => this.#mayRead(uri, caller.principal);
    const scope = { method: LISTEN, changes: changeCapabilities(app, app.policy) };
    const wanted = readableListenRequest(body, mayHear);
    const mcp = createMcpHandler(() => createMcpServer(app, caller.principal, scope), {
      bus: {
        publish() {},
        subscribe: (tell) =>
          app.changes.listen((change) => {
            const events = eventsOf(change, wanted.uris);
            events.filter((event) => !('uri' in event) || mayHear(event.uri)).forEach(tell);
          }),
      },
      onerror: (error) => app.log.debug({ err: error }, 'request refused by the protocol'),
    });
    const end = () => {
      caller.forget();
      leave();
      this.#open.delete(mcp.close);
    };
    this.#open.add(mcp.close);
    this.#unsent.track(request);
    try {
      const answer = await mcp.fetch(request.toRequest(), { parsedBody: wanted.body });
      const stream = boundedStream(answer.body, MAX_WAITING_BYTES, end);
      return { status: answer.status, headers: Object.fromEntries(answer.headers), body: stream };
    } catch (error) {
      end();
      throw error;
    }
  }

  /** Ends every stream in order, so that its client knows that it should listen elsewhere. */
  async close(): Promise<void> {
    for (const close of this.#open) await close();
    await Promise.race([this.#unsent.finished(), sleep(CLOSE_MS, { ref: false })]);
  }
}

/**
 * Hands a stream on to a client that may read slowly or not at all: with more than `maxBytes` that wait for it, it loses the stream.
 * @param onEnd is called once, when the stream is over for whatever reason
 */
export function boundedStream(
  source: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  onEnd: () => void,
): ReadableStream<Uint8Array> {
  const reader = (source ?? new Blob([]).stream()).getReader();

  async function pass(target: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return target.close();
      if ((target.desiredSize ?? 0) <= 0) throw new Error('the client does not read its stream');
      target.enqueue(value);
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      start(target) {
        pass(target)
          .catch(async (error: unknown) => {
            target.error(error);
            await reader.cancel(error);
          })
          .catch(() => {})
          .finally(onEnd);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: maxBytes }),
  );
}
