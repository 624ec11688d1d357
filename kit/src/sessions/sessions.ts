import {
  isInitializeRequest,
  isJSONRPCRequest,
  isLegacyRequest,
  type JSONRPCRequest,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/server';
import type { Principal } from '../definitions/definitions.js';
import { randomToken, sleep, type Timer, unref } from '../host/host.js';
import type { Authenticate, HttpApp, SessionRoutes } from '../http/app.js';
import { tooManyRequests } from '../http/callers.js';
import { PendingResponses, refuse } from '../http/exchange.js';
import { Concurrency } from '../limits/call-limits.js';
import type { HttpRequest, HttpResponse } from '../parts.js';
import { resourceAccess } from '../protocol/mcp-server.js';
import { Session, type SessionEnvironment, SessionStepUp } from './session.js';
import {
  keyOf,
  type SessionData,
  type SessionState,
  SessionsUnavailable,
} from './session-state.js';
import { isOfChanges } from './session-streams.js';

/** How often it is said which sessions are in use, at the most (milliseconds). */
const TOUCH_MS = 10_000;
/** How long clients may take to read the end of their streams, in milliseconds. */
const CLOSE_MS = 1_000;
const RETRY_MS = 60_000;
const SESSION_NOT_FOUND = -32_001;
/** Every server of a session hears how its client has introduced itself (characters of JSON). */
const MAX_INTRODUCTION = 16_384;
const INVALID_REQUEST = -32_600;
/** From this version on clients understand events that only say where a stream is. */
const MARKS_SINCE = '2025-11-25';

/** The sessions of clients of 2025. Clients of 2026-07-28 have none, and those that never begin one do without. */
export class Sessions implements SessionRoutes {
  /** Those in which something goes on here. */
  readonly #live = new Map<string, Session>();
  readonly #streams = new PendingResponses();
  readonly #of: SessionEnvironment;
  readonly #touching: Timer;

  constructor(
    private readonly app: HttpApp,
    private readonly state: SessionState,
  ) {
    this.#of = {
      app,
      state,
      mayRead: resourceAccess(app),
      stepUp: app.auth.stepUp && new SessionStepUp(app),
      underWay: new Concurrency(app.config.MAX_CONCURRENT_CALLS),
    };
    app.metrics.countLimit('sessions');
    const { idleMs } = state;
    this.#touching = unref(setInterval(() => this.#touch(), Math.min(TOUCH_MS, idleMs / 4)));
    state.store.listen((note) => this.#live.get(note.session)?.hear(note));
  }

  async answer(
    request: HttpRequest,
    body: unknown,
    principal: Principal,
  ): Promise<HttpResponse | undefined> {
    const id = request.headers.get('mcp-session-id');
    if (id === null && !beginsSession(body)) return undefined;
    if (!(await isLegacyRequest(request.toRequest(), body))) return undefined;
    if (id === null) return await this.#begin(request, body as JSONRPCRequest, principal);
    return await this.#within(id, principal, async (session, data) => {
      if ([body].flat().some(isInitializeRequest)) {
        return refuse(400, 'The session has begun already.', undefined, INVALID_REQUEST);
      }
      return (await session.answer(request, body, principal, id, data)) ?? notFound();
    });
  }

  async answerWithoutBody(
    request: HttpRequest,
    principal: Principal,
    authenticate: Authenticate,
  ): Promise<HttpResponse> {
    const id = request.headers.get('mcp-session-id') ?? '';
    return await this.#within(id, principal, async (session) => {
      const version = request.headers.get('mcp-protocol-version');
      if (version !== null && !SUPPORTED_PROTOCOL_VERSIONS.includes(version)) {
        return refuse(400, `Unsupported protocol version. Known: ${SUPPORTED_PROTOCOL_VERSIONS}.`);
      }
      if (request.method === 'DELETE') {
        await this.#end(this.#keyOf(id), session);
        return { status: 200, headers: {}, body: null };
      }
      if (!request.headers.get('accept')?.includes('text/event-stream')) {
        return refuse(406, 'Accept text/event-stream.');
      }
      this.#streams.track(request);
      const canMark = version !== null && version >= MARKS_SINCE;
      const listener = { request, principal, authenticate, canMark };
      const last = request.headers.get('last-event-id');
      if (last === null || isOfChanges(last)) {
        return await session.streams.openChanges(listener, id, last ?? undefined);
      }
      return await session.streams.resume(listener, id, last);
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#touching);
    await Promise.all([...this.#live.values()].map((session) => session.close()));
    await Promise.race([this.#streams.finished(), sleep(CLOSE_MS, { ref: false })]);
  }

  /** Does something in a session that belongs to the caller. */
  async #within(
    id: string,
    principal: Principal,
    work: (session: Session, data: SessionData) => Promise<HttpResponse>,
  ): Promise<HttpResponse> {
    return await orUnavailable(async () => {
      const key = this.#keyOf(id);
      const data = await this.state.store.find(key, principal.id);
      // Whose session it is, is nobody else's business.
      if (data === undefined) return notFound();
      const session = this.#use(key);
      return await session.use(() => work(session, data));
    });
  }

  async #begin(
    request: HttpRequest,
    initialize: JSONRPCRequest,
    principal: Principal,
  ): Promise<HttpResponse> {
    if (JSON.stringify(initialize).length > MAX_INTRODUCTION) {
      return refuse(413, `An initialize request may have ${MAX_INTRODUCTION} characters.`);
    }
    return await orUnavailable(async () => {
      // Whoever knows it still has to be the owner.
      const id = randomToken();
      const key = this.#keyOf(id);
      const begun = await this.state.store.begin(key, principal.id, initialize);
      if (begun !== 'begun') this.app.metrics.limited('sessions');
      if (begun === 'busy') return tooManyRequests(RETRY_MS);
      if (begun === 'full') {
        const retryAfter = { 'retry-after': String(RETRY_MS / 1_000) };
        return refuse(503, 'There are too many sessions. Try again later.', retryAfter);
      }
      const session = this.#use(key);
      const data = { initialize, uris: [] };
      const work = () => session.answer(request, initialize, principal, id, data);
      const answer = (await session.use(work)) ?? notFound();
      // A client that has gone will never know of it.
      if (answer.status >= 400 || request.signal.aborted) await this.#end(key, session);
      return answer;
    });
  }

  #keyOf(id: string): string {
    return keyOf(id, this.app.host);
  }

  #use(key: string): Session {
    const known = this.#live.get(key);
    if (known !== undefined) return known;
    const session = new Session(this.#of, key, () => {
      if (this.#live.get(key) === session) this.#live.delete(key);
    });
    this.#live.set(key, session);
    return session;
  }

  async #end(key: string, session: Session): Promise<void> {
    const { store, events } = this.state;
    await store.end(key);
    session.end();
    await events.forget(key);
  }

  /** Sessions in which something goes on are in use. What is left of others goes. */
  async #touch(): Promise<void> {
    const { store, events } = this.state;
    for (const session of this.#live.values()) session.streams.look();
    try {
      for (const key of await store.touch([...this.#live.keys()])) {
        this.#live.get(key)?.streams.end();
        await events.forget(key);
      }
    } catch (error) {
      this.app.log.debug({ err: error }, 'sessions cannot be reached');
    }
  }
}

/** Without an id it is a notification, whose sender would never know of its session. */
function beginsSession(body: unknown): body is JSONRPCRequest {
  return isJSONRPCRequest(body) && isInitializeRequest(body);
}

function notFound(): HttpResponse {
  return refuse(404, 'Session not found.', undefined, SESSION_NOT_FOUND);
}

async function orUnavailable(work: () => Promise<HttpResponse>): Promise<HttpResponse> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SessionsUnavailable)) throw error;
    return refuse(503, 'Sessions cannot be reached. Try again in 1 s.', { 'retry-after': '1' });
  }
}
