import type {
  JSONRPCMessage,
  JSONRPCNotification,
  RequestId,
  ServerEvent,
} from '@modelcontextprotocol/server';
import type { Cursors } from '../calls/client-state.js';
import type { Principal } from '../definitions/definitions.js';
import { type Timer, unref } from '../host/host.js';
import type { Authenticate, HttpApp } from '../http/app.js';
import { LiveCaller } from '../http/callers.js';
import { refuse } from '../http/exchange.js';
import type { HttpRequest, HttpResponse } from '../parts.js';
import {
  type ChangeLog,
  type EventStore,
  isAfter,
  type LoggedChange,
  type SessionState,
  type SessionStore,
} from './session-state.js';
import type { Subscriptions } from './subscriptions.js';

/** The stream of changes, as opposed to those of calls. */
const CHANGES = 'changes';

/** Who asks for a stream, and whether its client understands events that only say where the stream is. */
export interface StreamRequest {
  readonly request: HttpRequest;
  readonly principal: Principal;
  readonly authenticate: Authenticate;
  readonly canMark: boolean;
}

/** What the rest of the session has to know. */
interface SessionEvents {
  /** The client reads a stream here from now on, and nowhere else. */
  taken(stream: string): void;
  /** A stream is over. */
  over(): void;
}

/** A stream that the client reads here, and what is done when there may be something new for it. */
interface Reading {
  readonly target: EventStream;
  look(): void;
}

/** The streams of one session that its client reads here, besides those that answer its messages. */
export class SessionStreams {
  readonly #open = new Map<string, Reading>();

  constructor(
    private readonly of: { readonly app: HttpApp; readonly state: SessionState },
    private readonly key: string,
    private readonly subscriptions: Subscriptions,
    private readonly told: SessionEvents,
  ) {}

  get count(): number {
    return this.#open.size;
  }

  /** Tells the client what changes, from an event on or from now on. */
  async openChanges(listener: StreamRequest, id: string, event?: string): Promise<HttpResponse> {
    const { cursors } = this.of.app;
    const { store, changes } = this.of.state;
    const { principal, canMark } = listener;
    const mark = () => eventIdAt(reader.place, cursors, principal);
    const onEnd = () => reader.end();
    const { target, caller } = this.#begin(CHANGES, listener, onEnd, canMark ? mark : undefined);
    const reader = new ChangeReader(changes, ({ change, at }) => {
      const events = this.subscriptions.eventsOf(change, caller.principal);
      for (const one of events) {
        const isLast = at !== undefined && one === events.at(-1);
        target.send(asNotification(one), isLast ? mark() : undefined);
      }
    });
    try {
      await this.subscriptions.lookUp(() => store.hold(this.key, CHANGES));
      // Not before it is held: a client that has gone by now lets go of it again.
      listener.request.whenOver(() => target.end());
      const place = event === undefined ? undefined : positionOf(event, cursors, principal);
      await reader.begin(place, () => target.begin());
      return target.answer(id);
    } catch (error) {
      target.end();
      throw error;
    }
  }

  /** Sends what a call has said after an event, and what it goes on to say. */
  async resume(listener: StreamRequest, id: string, event: string): Promise<HttpResponse> {
    const { store, events } = this.of.state;
    const stream = await events.streamOf(this.key, event);
    if (stream === undefined) return refuse(400, 'This event is not kept any more.');
    const { target, reading } = this.#begin(stream, listener, () => {}, undefined);
    try {
      await store.hold(this.key, stream);
      listener.request.whenOver(() => target.end());
      const place = { session: this.key, stream, event };
      const resumed = new ResumedStream(place, events, store, target);
      reading.look = () => resumed.look();
      resumed.look();
      return target.answer(id);
    } catch (error) {
      target.end();
      throw error;
    }
  }

  /** Something was said on a stream. */
  written(stream: string): void {
    this.#open.get(stream)?.look();
  }

  /** Looks whether there is something new for the client: a process that dies says nothing. */
  look(): void {
    for (const reading of this.#open.values()) reading.look();
  }

  /** The client reads a stream elsewhere from now on. */
  lose(stream: string): void {
    this.#open.get(stream)?.target.end();
  }

  end(): void {
    for (const { target } of this.#open.values()) target.end();
  }

  #begin(
    stream: string,
    { principal, authenticate }: StreamRequest,
    onEnd: () => void,
    mark: (() => string) | undefined,
  ) {
    this.told.taken(stream);
    const target = new EventStream(mark, () => {
      caller.forget();
      onEnd();
      if (this.#open.get(stream) !== reading) return;
      this.#open.delete(stream);
      this.of.state.store.letGo(this.key, stream).catch((error: unknown) => {
        this.of.app.log.debug({ err: error }, 'a stream is over, and nobody knows');
      });
      this.told.over();
    });
    const caller = new LiveCaller(principal, authenticate, () => target.end());
    const reading: Reading = { target, look() {} };
    this.#open.set(stream, reading);
    return { target, caller, reading };
  }
}

/** Whether an event of a stream of changes is meant, and not one that a call has said. */
export function isOfChanges(event: string): boolean {
  return event.startsWith(CHANGES);
}

/** The id of an event at a place in the log, sealed: the place would say how much else has changed. */
function eventIdAt(place: string, cursors: Cursors, principal: Principal): string {
  return CHANGES + cursors.seal({ list: CHANGES, after: place }, principal);
}

/** The place of an event; one that is nowhere in the log, for a client that has to look at everything again. */
function positionOf(event: string, cursors: Cursors, principal: Principal): string {
  try {
    return cursors.open(event.slice(CHANGES.length), principal).after ?? '';
  } catch {
    return '';
  }
}

function asNotification({ kind, params, ...event }: ServerEvent): JSONRPCNotification {
  const method =
    kind === 'resource_updated'
      ? 'notifications/resources/updated'
      : `notifications/${kind.replace('_list_', '/list_')}`;
  return { jsonrpc: '2.0', method, params: { ...params, ...event } };
}

const KEEP_ALIVE_MS = 15_000;

/** How long a client should wait before it takes up a lost stream again (milliseconds). */
export const RETRY_MS = 1_000;

/** How much may wait for a client that reads slowly; what it loses is kept for it. */
const MAX_WAITING_BYTES = 1_000_000;

/** A stream that a client has asked for with GET. */
export class EventStream {
  readonly #body: ReadableStream<Uint8Array>;
  readonly #encoder = new TextEncoder();
  readonly #keepAlive: Timer;
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
    this.#keepAlive = unref(setInterval(() => this.#stayAlive(), KEEP_ALIVE_MS));
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

  answer(session: string): HttpResponse {
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

const LOST = {
  code: -32_000,
  message: 'The process that ran this call is gone. Nobody knows how far it came.',
};

/** How long a process may be cut off from the others before its calls are given up (milliseconds). */
const PATIENCE_MS = 3_000;

/** Where a stream is that a client takes up again: after which event. */
export interface Resumed {
  readonly session: string;
  readonly stream: string;
  readonly event: string;
}

/** Sends what was said on a stream after an event, and what is said until its calls are over, wherever they run. */
export class ResumedStream {
  #last: string;
  #looking = false;
  #again = false;
  #silentSince: number | undefined;

  constructor(
    private readonly resumed: Resumed,
    private readonly events: EventStore,
    private readonly store: SessionStore,
    private readonly target: EventStream,
  ) {
    this.#last = resumed.event;
  }

  /** There may be something new. The client loses a stream that cannot be read now, and may take it up later. */
  look(): void {
    this.#again = true;
    if (this.#looking) return;
    this.#looking = true;
    this.#lookUntilDone().catch(() => this.end());
  }

  end(): void {
    this.target.end();
  }

  async #lookUntilDone(): Promise<void> {
    const { session, stream } = this.resumed;
    try {
      while (this.#again) {
        this.#again = false;
        // In this order: a call ends after everything that it has said.
        const isOver = await this.#isOver();
        for (const { id, message } of await this.events.after(session, stream, this.#last)) {
          this.target.send(message, id);
          this.#last = id;
        }
        if (isOver) return this.end();
      }
    } finally {
      // In the same step as the last look at `again`, or what comes in between would be seen by nobody.
      this.#looking = false;
    }
  }

  async #isOver(): Promise<boolean> {
    const { session, stream } = this.resumed;
    const state = await this.store.stateOf(session, stream);
    if (state !== 'silent') {
      this.#silentSince = undefined;
      return state === 'over';
    }
    const now = performance.now();
    this.#silentSince ??= now;
    if (now - this.#silentSince < PATIENCE_MS) {
      unref(setTimeout(() => this.look(), PATIENCE_MS));
      return false;
    }
    for (const id of await this.store.endLost(session, stream)) {
      await this.events.append(session, stream, lostCall(id));
    }
    return true;
  }
}

function lostCall(id: RequestId): JSONRPCMessage {
  return { jsonrpc: '2.0', id, error: LOST };
}

/** Reads a log of changes, each of them once and in order: what is in it already, then what comes. */
export class ChangeReader {
  readonly #stop: () => void;
  /** What comes while the beginning is looked up. */
  #waiting: LoggedChange[] | undefined = [];
  #last = '';

  constructor(
    private readonly log: ChangeLog,
    private readonly tell: (change: LoggedChange) => void,
  ) {
    this.#stop = log.listen((change) => {
      if (this.#waiting === undefined) this.#hear(change);
      else this.#waiting.push(change);
    });
  }

  /** Where it is: all before that was read, or is of no concern. */
  get place(): string {
    return this.#last;
  }

  /** Begins after `place`, or now. @param ready is called before it tells anything. */
  async begin(place: string | undefined, ready: () => void = () => {}): Promise<void> {
    const begins = place ?? (await this.log.newest());
    const missed = place === undefined ? [] : await this.log.after(place);
    this.#last = begins;
    ready();
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const change of [...missed, ...waiting]) this.#hear(change);
  }

  end(): void {
    this.#stop();
  }

  #hear(change: LoggedChange): void {
    if (change.at !== undefined) {
      if (!isAfter(change.at, this.#last)) return;
      this.#last = change.at;
    }
    this.tell(change);
  }
}
