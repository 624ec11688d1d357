import {
  type AuthInfo,
  isJSONRPCRequest,
  type JSONRPCMessage,
  type JSONRPCNotification,
  type JSONRPCRequest,
  type McpServer,
  type RequestId,
  type ScopeChallengeHandler,
  type Transport,
  type EventStore as TransportEvents,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { aborted } from '../calls/call.js';
import type { Principal } from '../definitions/definitions.js';
import type { HttpApp } from '../http/app.js';
import { tooManyRequests } from '../http/callers.js';
import { fromWebResponse, refuse } from '../http/exchange.js';
import type { Concurrency } from '../limits/call-limits.js';
import type { HttpRequest, HttpResponse } from '../parts.js';
import { changeCapabilities } from '../protocol/features.js';
import { createMcpServer, type MayRead } from '../protocol/mcp-server.js';
import { serverScopeFor } from '../protocol/requests.js';
import {
  answeredBy,
  type BeginCallsResult,
  type ReplicaMessage,
  type SessionData,
  type SessionState,
} from './session-state.js';
import { RETRY_MS, SessionStreams } from './session-streams.js';
import { Subscriptions } from './subscriptions.js';

const INVALID_REQUEST = -32_600;
const INTERNAL_ERROR = -32_603;
const BUSY_MS = 1_000;
const CANCELLED = { code: -32_000, message: 'Cancelled' };
const UNAVAILABLE = { code: -32_000, message: 'Sessions cannot be reached. Try again in 1 s.' };

/** A message of a client, and where what is said to it goes. */
interface Post {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly stream: string;
  readonly principal: Principal;
  readonly data: SessionData;
  /** What ends the time in which each request counts as under way. */
  readonly places: Map<RequestId, () => void>;
}

/** What all sessions of a server have in common. */
export interface SessionEnvironment {
  readonly app: HttpApp;
  readonly state: SessionState;
  readonly mayRead: MayRead;
  /** Where the server is an OAuth resource. */
  readonly stepUp: SessionStepUp | undefined;
  /** The calls of each caller, in all its sessions. */
  readonly underWay: Concurrency;
}

/** What goes on of a session in this process: calls that run here, and streams that its client reads here. */
export class Session {
  readonly #calls = new Map<RequestId, { readonly server: RequestServer; readonly post: Post }>();
  readonly #questions = new Map<RequestId, { readonly server: RequestServer; id: RequestId }>();
  readonly #subscriptions: Subscriptions;
  readonly streams: SessionStreams;
  #requests = 0;
  #onServed: (() => void) | undefined;

  /** @param onIdle is called when nothing goes on here any more */
  constructor(
    private readonly of: SessionEnvironment,
    private readonly key: string,
    private readonly onIdle: () => void,
  ) {
    this.#subscriptions = new Subscriptions(of.mayRead);
    this.streams = new SessionStreams(of, key, this.#subscriptions, {
      taken: (stream) => this.#lose(stream),
      over: () => this.#checkIdle(),
    });
  }

  /** Does some work; the session is known here until it is done. */
  async use<T>(work: () => Promise<T>): Promise<T> {
    this.#requests += 1;
    try {
      return await work();
    } finally {
      this.#requests -= 1;
      this.#checkIdle();
    }
  }

  /** Answers a message of the owner; `undefined` when the session is over by now. */
  async answer(
    request: HttpRequest,
    body: unknown,
    principal: Principal,
    id: string,
    data: SessionData,
  ): Promise<HttpResponse | undefined> {
    const { store } = this.of.state;
    const requests = [body].flat().filter((message) => isJSONRPCRequest(message));
    const stream = crypto.randomUUID();
    const ids = requests.map((one) => one.id);
    const places = this.#places(ids, principal);
    if (places === undefined) return tooManyRequests(BUSY_MS);
    const transport = this.#transport(stream);
    const post = { transport, stream, principal, data, places };
    const begun = ids.length > 0 ? await this.#beginCalls(ids, post) : 'begun';
    if (begun === 'over') return undefined;
    if (begun === 'taken') {
      return refuse(400, 'A request with this id is under way.', undefined, INVALID_REQUEST);
    }
    const passed: Promise<void>[] = [];
    transport.onmessage = (message) => {
      if (isJSONRPCRequest(message)) this.#serve(message, post);
      else if (!this.#take(message)) passed.push(store.pass(this.key, message));
    };
    const authInfo = this.of.stepUp?.authInfo(principal);
    const response = await transport.handleRequest(request.toRequest(), {
      parsedBody: body,
      ...(authInfo && { authInfo }),
    });
    if (response.status >= 400) {
      leaveAll(post);
      passed.push(store.endCalls(this.key, stream, ids));
    }
    await Promise.all(passed);
    const answer = fromWebResponse(response);
    if (response.status === 200) answer.headers['mcp-session-id'] = id;
    return answer;
  }

  /** Calls that wait for a person do not count as under way elsewhere. Answers always pass: they let calls go on. */
  #places(ids: readonly RequestId[], { id: caller }: Principal): Post['places'] | undefined {
    const places: Post['places'] = new Map();
    for (const id of ids) {
      const leave = this.of.underWay.begin(caller);
      if (leave === undefined) {
        leaveAll({ places });
        return undefined;
      }
      places.set(id, leave);
    }
    return places;
  }

  /** From now on these requests are under way, if none of them is yet. */
  async #beginCalls(ids: readonly RequestId[], post: Post): Promise<BeginCallsResult> {
    let begun: BeginCallsResult | undefined;
    try {
      begun = await this.of.state.store.beginCalls(this.key, post.stream, ids);
      return begun;
    } finally {
      if (begun !== 'begun') leaveAll(post);
    }
  }

  /** One for each message: all that it knows is the stream on which that message is answered. */
  #transport(stream: string): WebStandardStreamableHTTPServerTransport {
    const { app, state, stepUp } = this.of;
    const written = () => this.streams.written(stream);
    const transport = new WebStandardStreamableHTTPServerTransport({
      eventStore: transportEvents(state, this.key, stream, written),
      retryInterval: RETRY_MS,
      maxRequestBodySize: app.config.MAX_BODY_BYTES,
    });
    transport.onerror = (error) => app.log.debug({ err: error }, 'refused in a session');
    if (stepUp !== undefined) transport.setScopeChallengeResolver(stepUp.challenge);
    return transport;
  }

  /** Something in the session has happened in another process. */
  hear(note: ReplicaMessage): void {
    if (note.kind === 'message') this.#take(note.message);
    else if (note.kind === 'written') this.streams.written(note.stream);
    else if (note.kind === 'taken') this.#lose(note.stream);
    else if ('uri' in note) this.#subscriptions.hear(note);
    else this.end();
  }

  /** The process ends: answers what nobody else is going to answer, like calls that wait for a person, and ends the rest. */
  async close(): Promise<void> {
    const { message, details } = aborted();
    const error = { code: INTERNAL_ERROR, message, data: details };
    for (const [id, { post }] of this.#calls) this.#answer(post, { jsonrpc: '2.0', id, error });
    if (this.#requests > 0) {
      await new Promise<void>((resolve) => {
        this.#onServed = resolve;
      });
    }
    this.end();
  }

  /** Ends streams and calls here. */
  end(): void {
    this.streams.end();
    for (const { server, post } of this.#calls.values()) {
      void server.end();
      void post.transport.close();
      leaveAll(post);
    }
    this.#calls.clear();
    this.#questions.clear();
    this.#checkIdle();
  }

  /** The client reads a stream elsewhere from now on. */
  #lose(stream: string): void {
    this.streams.lose(stream);
    for (const [id, { post }] of this.#calls) {
      if (post.stream === stream) post.transport.closeSSEStream(id);
    }
  }

  /** Takes what a client says to a call. @returns whether that runs here */
  #take(message: JSONRPCMessage): boolean {
    const answered = answeredBy(message);
    if (answered !== undefined) {
      const question = this.#questions.get(answered);
      this.#questions.delete(answered);
      question?.server.deliver({ ...message, id: question.id } as JSONRPCMessage);
      return question !== undefined;
    }
    return isCancellation(message) && this.#cancel(message);
  }

  #serve(request: JSONRPCRequest, post: Post): void {
    if (Subscriptions.matches(request)) {
      void this.use(() => this.#subscribe(request, post));
      return;
    }
    const { principal, data } = post;
    const { app } = this.of;
    const changes = changeCapabilities(app, app.policy);
    const scope = { ...serverScopeFor(request), changes, stepUp: app.auth.stepUp };
    const known = request.method === 'initialize' ? [] : [data.initialize, data.setLevel];
    const server = new RequestServer(createMcpServer(app, principal, scope), {
      introduction: known.filter((one) => one !== undefined),
      send: (message) => this.#forward(message, request, server, post),
    });
    this.#calls.set(request.id, { server, post });
    server.serve(request).catch(this.#failed);
  }

  async #subscribe(request: JSONRPCRequest, post: Post): Promise<void> {
    const { store } = this.of.state;
    const answer = this.#subscriptions.answer(request, post.principal, this.key, store);
    await this.#send(post, await answer.catch(() => unavailable(request)));
    leave(post, request.id);
  }

  /** Passes on what a server says while it serves a request. */
  #forward(
    message: JSONRPCMessage,
    request: JSONRPCRequest,
    server: RequestServer,
    post: Post,
  ): void {
    if (answeredBy(message) !== undefined) {
      if ('result' in message && request.method === 'logging/setLevel') {
        void this.use(() => this.#setLevel(message, request, post));
      } else {
        this.#answer(post, message);
      }
      this.#close(request.id);
    } else if (isJSONRPCRequest(message)) {
      // Each server counts by itself, and an answer that comes late must not be one to something else.
      const id = `q-${crypto.randomUUID()}${this.of.state.store.here}`;
      this.#questions.set(id, { server, id: message.id });
      void this.#send(post, { ...message, id }, request.id);
    } else {
      void this.#send(post, message, request.id);
    }
  }

  /** Later servers have to know. */
  async #setLevel(answer: JSONRPCMessage, request: JSONRPCRequest, post: Post): Promise<void> {
    // The level alone: what else came with it would be kept, and told to every server.
    const { jsonrpc, id, method, params } = request;
    const kept = { jsonrpc, id, method, params: { level: params?.level } };
    const set = this.of.state.store.setLevel(this.key, kept);
    await this.#send(post, await set.then(() => answer).catch(() => unavailable(request)));
  }

  #cancel(message: JSONRPCNotification): boolean {
    const id = message.params?.requestId as RequestId;
    const call = this.#calls.get(id);
    if (call === undefined) return false;
    const { server, post } = call;
    server.deliver(message);
    this.#close(id);
    // There is no answer to what was cancelled, but the transport waits for one.
    post.transport.closeSSEStream(id);
    void this.#send(post, { jsonrpc: '2.0', id, error: CANCELLED });
    return true;
  }

  #close(id: RequestId): void {
    const { server, post } = this.#calls.get(id) ?? {};
    if (post !== undefined) leave(post, id);
    this.#calls.delete(id);
    for (const [asked, question] of this.#questions) {
      if (question.server === server) this.#questions.delete(asked);
    }
    void server?.end();
    this.#checkIdle();
  }

  /** The session is known here until its client has the answer, or it is kept for it. */
  #answer(post: Post, message: JSONRPCMessage): void {
    void this.use(() => this.#send(post, message));
  }

  async #send({ transport }: Post, message: JSONRPCMessage, relatedRequestId?: RequestId) {
    await transport
      .send(message, relatedRequestId === undefined ? {} : { relatedRequestId })
      .catch((error: unknown) => this.of.app.log.debug({ err: error }, 'nobody to send this to'));
  }

  #checkIdle(): void {
    if (this.#requests === 0) this.#onServed?.();
    if (this.#requests + this.#calls.size + this.streams.count === 0) this.onIdle();
  }

  readonly #failed = (error: unknown) => {
    this.of.app.log.error({ err: error }, 'request of a session failed');
  };
}

function leave({ places }: Pick<Post, 'places'>, id: RequestId): void {
  places.get(id)?.();
  places.delete(id);
}

function leaveAll(post: Pick<Post, 'places'>): void {
  for (const id of post.places.keys()) leave(post, id);
}

function isCancellation(message: JSONRPCMessage): message is JSONRPCNotification {
  return 'method' in message && message.method === 'notifications/cancelled';
}

function unavailable({ id }: JSONRPCRequest): JSONRPCMessage {
  return { jsonrpc: '2.0', id, error: UNAVAILABLE };
}

/** What a session has told its servers, and what it does with what they say. */
export interface Client {
  /** The messages with which the client introduced itself; each request is answered by a server that has heard them. */
  readonly introduction: readonly JSONRPCRequest[];
  send(message: JSONRPCMessage): void;
}

/**
 * A server for one request of a session, and the transport between the two. A session has no server of its own: what the caller
 * may do is looked up for every request, and an idle session is nothing but a few fields.
 */
export class RequestServer implements Transport {
  onmessage?: Transport['onmessage'];
  onclose?: () => void;
  onerror?: (error: Error) => void;
  #introduced: (() => void) | undefined;

  constructor(
    private readonly server: McpServer,
    private readonly client: Client,
  ) {}

  /** Hands the request over; the answer, and everything before it, goes to the client. */
  async serve(request: JSONRPCRequest): Promise<void> {
    await this.server.connect(this);
    for (const message of this.client.introduction) {
      await new Promise<void>((resolve) => {
        this.#introduced = resolve;
        this.onmessage?.(message);
      });
    }
    this.#introduced = undefined;
    this.onmessage?.(request);
  }

  /** An answer to what this server asked, or the end of the call. */
  deliver(message: JSONRPCMessage): void {
    this.onmessage?.(message);
  }

  /** Whatever goes on ends. */
  async end(): Promise<void> {
    await this.server.close();
  }

  async start(): Promise<void> {}

  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#introduced === undefined) this.client.send(message);
    else if (!('method' in message)) this.#introduced();
  }

  async close(): Promise<void> {
    this.onclose?.();
  }
}

/** Refuses a call in a session for which the caller lacks a scope, as it is refused without one. */
export class SessionStepUp {
  readonly #principals = new WeakMap<AuthInfo, Principal>();

  constructor(private readonly app: HttpApp) {}

  /** What the transport of a session may know of the caller of one request. */
  authInfo(principal: Principal): AuthInfo | undefined {
    const authInfo = this.app.auth.authInfo?.(principal);
    if (authInfo !== undefined) this.#principals.set(authInfo, principal);
    return authInfo;
  }

  readonly challenge: ScopeChallengeHandler = (asked) => {
    const principal = asked.authInfo && this.#principals.get(asked.authInfo);
    if (principal === undefined) return undefined;
    const { stepUp } = this.app.auth;
    const scope = { ...serverScopeFor(asked.request), stepUp };
    return createMcpServer(this.app, principal, scope).resolveScopeChallenge(asked);
  };
}

/**
 * Keeps what is said on the one stream of an SDK transport. A call is over with its answer, before the client has it: it may
 * send the next one under the same id to another process.
 * @param onStored is called when there is something new on the stream
 */
export function transportEvents(
  { events, store }: SessionState,
  session: string,
  stream: string,
  onStored: () => void,
): TransportEvents {
  return {
    async storeEvent(_, message) {
      const answered = answeredBy(message);
      const [id] = await Promise.all([
        events.append(session, stream, message),
        answered !== undefined && store.endCalls(session, stream, [answered]),
      ]);
      onStored();
      return id;
    },
    async replayEventsAfter() {
      throw new Error('Streams are taken up again elsewhere.');
    },
  };
}
