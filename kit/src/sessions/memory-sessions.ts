import type { JSONRPCMessage, JSONRPCRequest, RequestId } from '@modelcontextprotocol/server';
import type { Change, Changes } from '../definitions/definitions.js';
import { byteLength } from '../host/host.js';
import type { OpenSessions, SessionsPart } from '../http/app.js';
import type { SharedState } from '../parts.js';
import {
  type BeginCallsResult,
  type BeginResult,
  CHANGE_LOG_BOUNDS,
  type ChangeLog,
  type EventStore,
  formatLogPosition,
  type LoggedChange,
  MAX_URIS,
  parseLogPosition,
  type SessionData,
  type SessionLimits,
  type SessionState,
  type SessionStore,
  type StoredEvent,
  type StreamState,
  sessionSettings,
} from './session-state.js';

/** Sessions of clients of 2025, kept in this process. */
export function memorySessions(): SessionsPart<typeof sessionSettings> {
  return {
    kind: 'sessions',
    settings: sessionSettings,
    open: ({ config, state }) => openSessions(memorySessionState(config, state)),
  };
}

/** Sessions of one process. */
export function memorySessionState(
  limits: SessionLimits,
  { changes }: Pick<SharedState, 'changes'>,
): SessionState {
  const store = new MemorySessionStore(limits);
  return {
    idleMs: limits.SESSION_IDLE_SECONDS * 1_000,
    store,
    events: new MemoryEventStore(store),
    changes: new MemoryChangeLog(changes),
  };
}

interface KeptSession {
  readonly owner: string;
  readonly initialize: JSONRPCRequest;
  setLevel?: JSONRPCRequest;
  readonly uris: Set<string>;
  /** Calls under way, and the streams that they speak on. */
  readonly calls: Map<RequestId, string>;
  /** Streams that the client reads. */
  readonly streams: Set<string>;
  usedAt: number;
  events: number;
}

/** Sessions of one process. There is nobody to pass things on to. */
export class MemorySessionStore implements SessionStore {
  readonly here = '';
  readonly #sessions = new Map<string, KeptSession>();
  #over: string[] = [];

  constructor(private readonly limits: SessionLimits) {}

  async begin(session: string, owner: string, initialize: JSONRPCRequest): Promise<BeginResult> {
    this.#sweep();
    const own = [...this.#sessions].filter(([, kept]) => kept.owner === owner);
    if (own.length >= this.limits.MAX_SESSIONS_PER_CALLER) {
      const idle = own.filter(([, kept]) => !isBusy(kept));
      const [longest] = idle.sort(([, one], [, other]) => one.usedAt - other.usedAt);
      if (longest === undefined) return 'busy';
      this.#drop(longest[0]);
    }
    if (this.#sessions.size >= this.limits.MAX_SESSIONS) return 'full';
    const usedAt = performance.now();
    const empty = { uris: new Set<string>(), calls: new Map(), streams: new Set<string>() };
    this.#sessions.set(session, { owner, initialize, ...empty, usedAt, events: 0 });
    return 'begun';
  }

  async find(session: string, owner: string): Promise<SessionData | undefined> {
    const kept = this.#sessions.get(session);
    if (kept?.owner !== owner || this.#isOver(kept)) return undefined;
    kept.usedAt = performance.now();
    return { initialize: kept.initialize, setLevel: kept.setLevel, uris: [...kept.uris] };
  }

  async setLevel(session: string, request: JSONRPCRequest): Promise<void> {
    const kept = this.#sessions.get(session);
    if (kept !== undefined) kept.setLevel = request;
  }

  async subscribe(session: string, uri: string): Promise<boolean> {
    const uris = this.#sessions.get(session)?.uris;
    if (uris === undefined || (uris.size >= MAX_URIS && !uris.has(uri))) return false;
    uris.add(uri);
    return true;
  }

  async unsubscribe(session: string, uri: string): Promise<void> {
    this.#sessions.get(session)?.uris.delete(uri);
  }

  async touch(sessions: readonly string[]): Promise<readonly string[]> {
    const now = performance.now();
    for (const session of sessions) {
      const kept = this.#sessions.get(session);
      if (kept !== undefined) kept.usedAt = now;
    }
    this.#sweep();
    const over = this.#over;
    this.#over = [];
    return over;
  }

  async end(session: string): Promise<void> {
    this.#drop(session);
  }

  async beginCalls(
    session: string,
    stream: string,
    ids: readonly RequestId[],
  ): Promise<BeginCallsResult> {
    const calls = this.#sessions.get(session)?.calls;
    if (calls === undefined) return 'over';
    if (ids.some((id, n) => calls.has(id) || ids.indexOf(id) < n)) return 'taken';
    for (const id of ids) calls.set(id, stream);
    return 'begun';
  }

  async endCalls(session: string, stream: string, ids: readonly RequestId[]): Promise<void> {
    const calls = this.#sessions.get(session)?.calls;
    for (const id of ids) if (calls?.get(id) === stream) calls.delete(id);
  }

  async stateOf(session: string, stream: string): Promise<StreamState> {
    const streams = [...(this.#sessions.get(session)?.calls.values() ?? [])];
    return streams.includes(stream) ? 'open' : 'over';
  }

  async endLost(): Promise<readonly RequestId[]> {
    return [];
  }

  async hold(session: string, stream: string): Promise<readonly string[]> {
    this.#sessions.get(session)?.streams.add(stream);
    return [...(this.#sessions.get(session)?.uris ?? [])];
  }

  async letGo(session: string, stream: string): Promise<void> {
    this.#sessions.get(session)?.streams.delete(stream);
  }

  /** The number of one more event of a session, if that is not over. */
  nextEvent(session: string): number | undefined {
    const kept = this.#sessions.get(session);
    if (kept !== undefined) kept.events += 1;
    return kept?.events;
  }

  async pass(): Promise<void> {}

  listen(): void {}

  #sweep(): void {
    for (const [session, kept] of this.#sessions) if (this.#isOver(kept)) this.#drop(session);
  }

  #isOver(kept: KeptSession): boolean {
    const idle = performance.now() - kept.usedAt;
    return !isBusy(kept) && idle > this.limits.SESSION_IDLE_SECONDS * 1_000;
  }

  #drop(session: string): void {
    if (this.#sessions.delete(session)) this.#over.push(session);
  }
}

function isBusy({ calls, streams }: KeptSession): boolean {
  return calls.size + streams.size > 0;
}

export interface EventBounds {
  /** Of one session. */
  readonly maxEvents: number;
  /** Of one session. */
  readonly maxBytes: number;
  /** Of all sessions together. */
  readonly maxTotalBytes: number;
  readonly maxAgeMs: number;
}

const EVENT_BOUNDS: EventBounds = {
  maxEvents: 500,
  maxBytes: 2_000_000,
  maxTotalBytes: 64_000_000,
  maxAgeMs: 300_000,
};

interface KeptEvent {
  readonly session: string;
  readonly stream: string;
  readonly id: string;
  /** As text: an object would take several times the room. */
  readonly text: string;
  readonly bytes: number;
  readonly end: number;
}

interface EventsOfSession {
  readonly events: Map<string, KeptEvent>;
  bytes: number;
}

/** Events in this process. What exceeds a bound goes, the oldest first; of all, the oldest of the session that has most. */
export class MemoryEventStore implements EventStore {
  readonly #sessions = new Map<string, EventsOfSession>();
  /** All events, the oldest first. */
  readonly #all = new Set<KeptEvent>();
  #bytes = 0;

  constructor(
    private readonly sessions: Pick<MemorySessionStore, 'nextEvent'>,
    private readonly bounds = EVENT_BOUNDS,
  ) {}

  async append(session: string, stream: string, message: JSONRPCMessage): Promise<string> {
    const number = this.sessions.nextEvent(session);
    if (number === undefined) return '';
    const now = performance.now();
    const text = JSON.stringify(message);
    const id = String(number);
    const bytes = byteLength(text);
    const end = now + this.bounds.maxAgeMs;
    const own = this.#sessions.get(session) ?? { events: new Map(), bytes: 0 };
    const kept = { session, stream, id, text, bytes, end };
    this.#sessions.set(session, own);
    own.events.set(id, kept);
    own.bytes += bytes;
    this.#all.add(kept);
    this.#bytes += bytes;
    this.#makeRoom(own, now);
    return id;
  }

  async streamOf(session: string, event: string): Promise<string | undefined> {
    return this.#find(session, event)?.stream;
  }

  async after(session: string, stream: string, event: string): Promise<readonly StoredEvent[]> {
    return [...(this.#sessions.get(session)?.events.values() ?? [])]
      .filter((kept) => kept.stream === stream && Number(kept.id) > Number(event))
      .map(({ id, text }) => ({ id, message: JSON.parse(text) as JSONRPCMessage }));
  }

  async forget(session: string): Promise<void> {
    for (const kept of this.#sessions.get(session)?.events.values() ?? []) this.#drop(kept);
  }

  #find(session: string, event: string): KeptEvent | undefined {
    const kept = this.#sessions.get(session)?.events.get(event);
    return kept !== undefined && kept.end > performance.now() ? kept : undefined;
  }

  #makeRoom(own: EventsOfSession, now: number): void {
    const { maxEvents, maxBytes, maxTotalBytes } = this.bounds;
    for (const kept of own.events.values()) {
      if (own.events.size <= maxEvents && own.bytes <= maxBytes) break;
      this.#drop(kept);
    }
    for (const kept of this.#all) {
      if (kept.end > now) break;
      this.#drop(kept);
    }
    while (this.#bytes > maxTotalBytes) {
      const [oldest] = this.#largest()?.events.values() ?? [];
      if (oldest === undefined) break;
      this.#drop(oldest);
    }
  }

  #largest(): EventsOfSession | undefined {
    let largest: EventsOfSession | undefined;
    for (const one of this.#sessions.values()) {
      if (one.bytes > (largest?.bytes ?? 0)) largest = one;
    }
    return largest;
  }

  #drop(kept: KeptEvent): void {
    const own = this.#sessions.get(kept.session);
    if (own === undefined || !own.events.delete(kept.id)) return;
    own.bytes -= kept.bytes;
    if (own.events.size === 0) this.#sessions.delete(kept.session);
    this.#all.delete(kept);
    this.#bytes -= kept.bytes;
  }
}

interface KeptChange extends LoggedChange {
  readonly number: number;
  readonly end: number;
}

/** The changes of this process. */
export class MemoryChangeLog implements ChangeLog {
  readonly #listeners = new Set<(change: LoggedChange) => void>();
  readonly #kept: KeptChange[] = [];
  #count = 0;

  constructor(
    changes: Pick<Changes, 'listen'>,
    private readonly bounds = CHANGE_LOG_BOUNDS,
  ) {
    changes.listen((change) => this.#append(change));
  }

  listen(hear: (change: LoggedChange) => void): () => void {
    this.#listeners.add(hear);
    return () => void this.#listeners.delete(hear);
  }

  async newest(): Promise<string> {
    return formatLogPosition({ log: '', number: this.#count });
  }

  async after(place: string): Promise<readonly LoggedChange[]> {
    this.#prune();
    const number = parseLogPosition(place)?.number ?? -1;
    if (number > this.#count || number < this.#count - this.#kept.length) {
      return [{ at: await this.newest(), change: { kind: 'missed' } }];
    }
    return this.#kept.filter((kept) => kept.number > number);
  }

  #append(change: Change): void {
    this.#count += 1;
    const at = formatLogPosition({ log: '', number: this.#count });
    const end = performance.now() + this.bounds.maxAgeMs;
    this.#kept.push({ at, change, number: this.#count, end });
    this.#prune();
    for (const hear of this.#listeners) hear({ at, change });
  }

  #prune(): void {
    const now = performance.now();
    const isTooMuch = ({ end }: KeptChange) =>
      end <= now || this.#kept.length > this.bounds.maxChanges;
    while (this.#kept[0] !== undefined && isTooMuch(this.#kept[0])) this.#kept.shift();
  }
}

/** Sessions, with where they are kept. */
export interface SessionsService extends OpenSessions {
  readonly state: SessionState;
}

/** Sessions that are kept there; what serves them is loaded when the first client needs it. */
export function openSessions(state: SessionState): SessionsService {
  return {
    state,
    async load(app) {
      const { Sessions } = await import('./sessions.js');
      return new Sessions(app, state);
    },
  };
}
