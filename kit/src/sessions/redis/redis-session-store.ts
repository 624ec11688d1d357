import { createHash } from 'node:crypto';
import type {
  JSONRPCMessage,
  JSONRPCNotification,
  JSONRPCRequest,
  JSONRPCResponse,
  RequestId,
} from '@modelcontextprotocol/server';
import type { Logger } from 'pino';
import * as z from 'zod/v4';
import {
  answeredBy,
  type BeginCallsResult,
  type BeginResult,
  MAX_URIS,
  type ReplicaMessage,
  type SessionData,
  type SessionLimits,
  type SessionStore,
  type StreamState,
} from '../session-state.js';
import type { SessionKeys } from './session-scripts.js';
import * as scripts from './session-scripts.js';

/** How many ends of calls, and of streams, may wait until Redis answers again. */
const MAX_WAITING = 10_000;

const json = z.string().transform((text, ctx) => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    ctx.addIssue('not JSON');
    return z.NEVER;
  }
});

const Found = z.tuple([
  json.refine(
    (value): value is JSONRPCRequest => isRequest(value) && value.method === 'initialize',
  ),
  json.refine((value): value is JSONRPCRequest => isRequest(value)).nullable(),
  z.array(z.string()),
]);

const Lost = z.array(json.pipe(z.union([z.string(), z.number()])));

const FoundNote = json.pipe(
  z.union([
    z.strictObject({
      session: z.string(),
      kind: z.literal('message'),
      message: z.custom<JSONRPCMessage>(
        (message) => isResponse(message) || isNotification(message),
      ),
    }),
    z.strictObject({
      session: z.string(),
      kind: z.enum(['written', 'taken']),
      stream: z.string(),
    }),
    z.strictObject({
      session: z.string(),
      kind: z.enum(['subscribed', 'unsubscribed']),
      uri: z.string(),
    }),
    z.strictObject({ session: z.string(), kind: z.literal('ended') }),
  ]),
);

/** Sessions that every replica serves. Redis may be shared with others, so what comes from it is looked at first. */
export class RedisSessionStore implements SessionStore {
  readonly here: string;
  readonly #idleMs: number;
  /** Calls whose end Redis does not know of yet. */
  #ended: (readonly [session: string, stream: string, ids: readonly RequestId[]])[] = [];
  /** Streams that are read here, and those that are not any more without Redis knowing it. */
  readonly #held = new Set<string>();
  readonly #left = new Map<string, readonly [session: string, stream: string]>();

  constructor(
    private readonly keys: SessionKeys,
    private readonly limits: SessionLimits,
    private readonly log: Logger,
  ) {
    this.here = `.${keys.replica}`;
    this.#idleMs = limits.SESSION_IDLE_SECONDS * 1_000;
  }

  async begin(session: string, owner: string, initialize: JSONRPCRequest): Promise<BeginResult> {
    const { MAX_SESSIONS, MAX_SESSIONS_PER_CALLER } = this.limits;
    const set = createHash('sha256').update(owner).digest('base64url');
    const limits = [this.#idleMs, MAX_SESSIONS, MAX_SESSIONS_PER_CALLER];
    const introduction = JSON.stringify(initialize);
    const begun = this.keys.run(scripts.BEGIN, session, owner, set, introduction, ...limits);
    return (await begun) as BeginResult;
  }

  async find(session: string, owner: string): Promise<SessionData | undefined> {
    const found = await this.keys.run(scripts.FIND, session, owner, this.#idleMs);
    if (found === null) return undefined;
    const { data, success } = Found.safeParse(found);
    if (!success) {
      this.log.warn('a session in Redis is not one of ours');
      return undefined;
    }
    const [initialize, setLevel, uris] = data;
    return { initialize, setLevel: setLevel ?? undefined, uris };
  }

  async setLevel(session: string, request: JSONRPCRequest): Promise<void> {
    await this.keys.run(scripts.SET_LEVEL, session, JSON.stringify(request));
  }

  async subscribe(session: string, uri: string): Promise<boolean> {
    return (await this.keys.run(scripts.SUBSCRIBE, session, uri, MAX_URIS)) === 1;
  }

  async unsubscribe(session: string, uri: string): Promise<void> {
    await this.keys.run(scripts.UNSUBSCRIBE, session, uri);
  }

  async touch(sessions: readonly string[]): Promise<readonly string[]> {
    await this.#endLate();
    await this.#letGoLate();
    if (sessions.length === 0) return [];
    return z.array(z.string()).parse(await this.keys.run(scripts.TOUCH, this.#idleMs, ...sessions));
  }

  async end(session: string): Promise<void> {
    await this.keys.run(scripts.END, session);
  }

  async beginCalls(
    session: string,
    stream: string,
    ids: readonly RequestId[],
  ): Promise<BeginCallsResult> {
    // A client that was told to try again should not find itself in its own way.
    if (this.#ended.length > 0) await this.#endLate();
    try {
      const begun = this.keys.run(scripts.BEGIN_CALLS, session, stream, ...ids.map(asField));
      return (await begun) as BeginCallsResult;
    } catch (error) {
      // Perhaps Redis knows of them all the same.
      this.#wait(session, stream, ids);
      throw error;
    }
  }

  /** Does not fail: what Redis cannot be told now, it is told later. */
  async endCalls(session: string, stream: string, ids: readonly RequestId[]): Promise<void> {
    try {
      await this.keys.run(scripts.END_CALLS, session, stream, ...ids.map(asField));
    } catch {
      this.#wait(session, stream, ids);
    }
  }

  async stateOf(session: string, stream: string): Promise<StreamState> {
    return (await this.keys.run(scripts.STATE_OF, session, stream)) as StreamState;
  }

  async endLost(session: string, stream: string): Promise<readonly RequestId[]> {
    return Lost.parse(await this.keys.run(scripts.END_LOST, session, stream));
  }

  async hold(session: string, stream: string): Promise<readonly string[]> {
    this.#held.add(`${session} ${stream}`);
    return z.array(z.string()).parse(await this.keys.run(scripts.HOLD, session, stream));
  }

  /** Does not fail: what Redis cannot be told now, it is told later, unless the stream is read here again. */
  async letGo(session: string, stream: string): Promise<void> {
    const name = `${session} ${stream}`;
    this.#held.delete(name);
    try {
      await this.keys.run(scripts.LET_GO, session, stream);
    } catch {
      if (this.#left.size < MAX_WAITING) this.#left.set(name, [session, stream]);
    }
  }

  async pass(session: string, message: JSONRPCMessage): Promise<void> {
    const note: ReplicaMessage = { session, kind: 'message', message };
    const answered = answeredBy(message);
    if (answered !== undefined) {
      const [, replica] = /^q-[\da-f-]{36}\.([\da-f-]{36})$/.exec(String(answered)) ?? [];
      if (replica !== undefined) await this.keys.tell(replica, JSON.stringify(note));
    } else if ('method' in message && message.method === 'notifications/cancelled') {
      const id = asField(message.params?.requestId as RequestId);
      await this.keys.run(scripts.PASS, session, id, JSON.stringify(note));
    }
  }

  listen(hear: (note: ReplicaMessage) => void): void {
    this.keys.listen((text) => {
      const { data, success } = FoundNote.safeParse(text);
      if (success) hear(data);
      else this.log.warn('a message in Redis is not one of ours');
    });
  }

  #wait(session: string, stream: string, ids: readonly RequestId[]): void {
    if (this.#ended.length < MAX_WAITING) this.#ended.push([session, stream, ids]);
  }

  async #letGoLate(): Promise<void> {
    const all = [...this.#left];
    this.#left.clear();
    for (const [name, left] of all) if (!this.#held.has(name)) await this.letGo(...left);
  }

  async #endLate(): Promise<void> {
    const all = this.#ended;
    this.#ended = [];
    for (const ended of all) await this.endCalls(...ended);
  }
}

/** Ids that are numbers are others than those that are text. */
function asField(id: RequestId): string {
  return JSON.stringify(id) ?? '';
}

const jsonrpc = z.literal('2.0');
const id = z.union([z.string(), z.int()]);
const method = z.string();
const params = z.looseObject({}).optional();

const Request = z.looseObject({ jsonrpc, id, method, params });
const Notification = z.looseObject({ jsonrpc, id: z.never().optional(), method, params });
const Result = z.looseObject({ jsonrpc, id, result: z.looseObject({}) });
const Failure = z.looseObject({ jsonrpc, id, error: z.looseObject({}) });

/*
 * What comes out of Redis, in outline: the MCP SDK looks closer when it serves a message, but it takes long to load and
 * is not there from the start.
 */

export function isRequest(value: unknown): value is JSONRPCRequest {
  return Request.safeParse(value).success;
}

export function isNotification(value: unknown): value is JSONRPCNotification {
  return Notification.safeParse(value).success;
}

export function isResponse(value: unknown): value is JSONRPCResponse {
  return Result.safeParse(value).success || Failure.safeParse(value).success;
}

export function isMessage(value: unknown): value is JSONRPCMessage {
  return isRequest(value) || isNotification(value) || isResponse(value);
}
