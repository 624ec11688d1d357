import type { JSONRPCRequest, RequestId } from '@modelcontextprotocol/server';
import type { SessionLimits } from '../session-settings.js';
import {
  type Begun,
  type CallsBegun,
  MAX_URIS,
  type SessionData,
  type SessionStore,
  type StreamState,
} from '../session-store.js';

interface Kept {
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
  readonly #sessions = new Map<string, Kept>();
  #over: string[] = [];

  constructor(private readonly limits: SessionLimits) {}

  async begin(session: string, owner: string, initialize: JSONRPCRequest): Promise<Begun> {
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
  ): Promise<CallsBegun> {
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

  #isOver(kept: Kept): boolean {
    const idle = performance.now() - kept.usedAt;
    return !isBusy(kept) && idle > this.limits.SESSION_IDLE_SECONDS * 1_000;
  }

  #drop(session: string): void {
    if (this.#sessions.delete(session)) this.#over.push(session);
  }
}

function isBusy({ calls, streams }: Kept): boolean {
  return calls.size + streams.size > 0;
}
