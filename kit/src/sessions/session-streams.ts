import type { JSONRPCNotification, ServerEvent } from '@modelcontextprotocol/server';
import type { Cursors } from '../calls/cursors.js';
import type { Principal } from '../definitions/principal.js';
import type { HttpApp } from '../http/app.js';
import type { Authenticate } from '../http/authenticator.js';
import { type Answer, type Incoming, refuse } from '../http/exchange.js';
import { LiveCaller } from '../http/live-caller.js';
import { ChangeReader } from './change-reader.js';
import { EventStream } from './event-stream.js';
import { ResumedStream } from './resumed-stream.js';
import type { SessionState } from './session-state.js';
import type { Subscriptions } from './subscriptions.js';

/** The stream of changes, as opposed to those of calls. */
const CHANGES = 'changes';

/** Who asks for a stream, and whether its client understands events that only say where the stream is. */
export interface Listener {
  readonly request: Incoming;
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
  async openChanges(listener: Listener, id: string, event?: string): Promise<Answer> {
    const { cursors } = this.of.app;
    const { store, changes } = this.of.state;
    const { principal, canMark } = listener;
    const mark = () => eventAt(reader.place, cursors, principal);
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
      const place = event === undefined ? undefined : placeAt(event, cursors, principal);
      await reader.begin(place, () => target.begin());
      return target.answer(id);
    } catch (error) {
      target.end();
      throw error;
    }
  }

  /** Sends what a call has said after an event, and what it goes on to say. */
  async resume(listener: Listener, id: string, event: string): Promise<Answer> {
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
    { principal, authenticate }: Listener,
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
function eventAt(place: string, cursors: Cursors, principal: Principal): string {
  return CHANGES + cursors.seal({ list: CHANGES, after: place }, principal);
}

/** The place of an event; one that is nowhere in the log, for a client that has to look at everything again. */
function placeAt(event: string, cursors: Cursors, principal: Principal): string {
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
