import { setTimeout as sleep } from 'node:timers/promises';
import { isInitializeRequest, isLegacyRequest } from '@modelcontextprotocol/server';
import type { App } from '../app.js';
import { CallsUnderWay } from '../http/calls-under-way.js';
import { type Answer, type Incoming, refuse } from '../http/exchange.js';
import { tooManyRequests } from '../limits/request-limit.js';
import type { Principal } from '../pipeline/principal.js';
import type { EventStore } from './event-store.js';
import { MemoryEventStore } from './memory-event-store.js';
import { Session } from './session.js';

const SWEEP_MS = 1_000;
/** How long clients may take to read the end of their streams, in milliseconds. */
const CLOSE_MS = 1_000;
const RETRY_MS = 60_000;
const SESSION_NOT_FOUND = -32_001;

/** The sessions of clients of 2025. Clients of 2026-07-28 have none, and those that never begin one do without. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #streams = new CallsUnderWay();
  readonly #sweeper: NodeJS.Timeout;
  readonly #stopListening: () => void;

  constructor(
    private readonly app: App,
    private readonly events: EventStore = new MemoryEventStore(),
  ) {
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref();
    this.#stopListening = app.changes.listen((change) => {
      for (const session of this.#sessions.values()) session.tell(change);
    });
  }

  /** @returns `undefined` when a request has nothing to do with sessions. */
  async answer(
    request: Incoming,
    body: unknown,
    principal: Principal,
  ): Promise<Answer | undefined> {
    const id = request.headers.get('mcp-session-id');
    if (request.method === 'POST') {
      if (id === null && !isInitializeRequest(body)) return undefined;
      if (!(await isLegacyRequest(request.toRequest(), body))) return undefined;
      if (id === null) return await this.#begin(request, body, principal);
    }
    const session = this.#sessions.get(id ?? '');
    // Whose session it is, is nobody else's business.
    if (session?.owner !== principal.id) {
      return refuse(404, 'Session not found.', undefined, SESSION_NOT_FOUND);
    }
    if (request.method === 'GET') this.#streams.track(request);
    return await session.answer(request, body, principal);
  }

  /** Ends all sessions and their streams. */
  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    this.#stopListening();
    await Promise.all([...this.#sessions.values()].map((session) => this.#end(session)));
    await Promise.race([this.#streams.finished(), sleep(CLOSE_MS, undefined, { ref: false })]);
  }

  async #begin(request: Incoming, body: unknown, principal: Principal): Promise<Answer> {
    const { MAX_SESSIONS, MAX_SESSIONS_PER_CALLER } = this.app.config;
    const own = [...this.#sessions.values()].filter(({ owner }) => owner === principal.id);
    if (own.length >= MAX_SESSIONS_PER_CALLER) {
      const longestIdle = own.reduce((one, other) => (other.idle > one.idle ? other : one));
      if (longestIdle.idle === 0) return tooManyRequests(RETRY_MS);
      await this.#end(longestIdle);
    }
    if (this.#sessions.size >= MAX_SESSIONS) {
      const retryAfter = { 'retry-after': String(RETRY_MS / 1_000) };
      return refuse(503, 'There are too many sessions. Try again later.', retryAfter);
    }
    const session = new Session(this.app, principal, this.events, (one) => this.#end(one));
    this.#sessions.set(session.id, session);
    const answer = await session.answer(request, body, principal);
    if (answer.status >= 400) await this.#end(session);
    return answer;
  }

  #sweep(): void {
    const max = this.app.config.SESSION_IDLE_SECONDS * 1_000;
    for (const session of this.#sessions.values()) {
      if (session.idle > max) void this.#end(session);
    }
  }

  async #end(session: Session): Promise<void> {
    this.#sessions.delete(session.id);
    await session.end();
  }
}
