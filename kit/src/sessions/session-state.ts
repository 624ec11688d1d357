import type { JSONRPCMessage, JSONRPCRequest, RequestId } from '@modelcontextprotocol/server';
import type { Change } from '../definitions/definitions.js';
import { int, type SettingsOf } from '../definitions/settings.js';
import type { Host } from '../host/host.js';

/** Everything of the sessions that is not a call or a stream under way. */
export interface SessionState {
  /** After how many milliseconds without use a session is over. */
  readonly idleMs: number;
  readonly store: SessionStore;
  readonly events: EventStore;
  readonly changes: ChangeLog;
}

/** Thrown by what keeps it when it cannot be reached at the moment. */
export class SessionsUnavailable extends Error {
  override readonly name = 'SessionsUnavailable';
}

export const sessionSettings = {
  SESSION_IDLE_SECONDS: int(1, 86_400).default(600),
  MAX_SESSIONS: int(1, 1_000_000).default(1_000),
  MAX_SESSIONS_PER_CALLER: int(1, 1_000_000).default(20),
};

export type SessionLimits = SettingsOf<typeof sessionSettings>;

/** What is known of a session, whichever process serves it. */
export interface SessionData {
  /** How the client introduced itself. */
  readonly initialize: JSONRPCRequest;
  /** Which messages of the log it wants, if it has said so. */
  readonly setLevel?: JSONRPCRequest | undefined;
  /** The resources that it wants to hear of. */
  readonly uris: readonly string[];
}

/** What another process that serves the same session has to know. */
export type ReplicaMessage = { readonly session: string } & (
  | { readonly kind: 'message'; readonly message: JSONRPCMessage }
  | { readonly kind: 'written' | 'taken'; readonly stream: string }
  | { readonly kind: 'subscribed' | 'unsubscribed'; readonly uri: string }
  | { readonly kind: 'ended' }
);

/** Why no session began: all of the caller's own are in use, or there are too many in all. */
export type BeginResult = 'begun' | 'busy' | 'full';

/** Why calls did not begin: one with the same id is under way, or the session is over. */
export type BeginCallsResult = 'begun' | 'taken' | 'over';

/** Of the stream of a call: `silent` when the process that runs the call does not listen any more. */
export type StreamState = 'open' | 'silent' | 'over';

/**
 * The sessions and who serves them: which process runs a call, and which one a client reads a stream at. A session is known by
 * its key; the id of it stays with the client.
 */
export interface SessionStore {
  /** What makes the ids of questions that this process asks different from those of others. */
  readonly here: string;
  /** Makes room by ending the one of the owner's sessions that was idle longest. */
  begin(session: string, owner: string, initialize: JSONRPCRequest): Promise<BeginResult>;
  /** A session of this owner. That counts as use. */
  find(session: string, owner: string): Promise<SessionData | undefined>;
  setLevel(session: string, request: JSONRPCRequest): Promise<void>;
  /** @returns whether there was room for another one. */
  subscribe(session: string, uri: string): Promise<boolean>;
  unsubscribe(session: string, uri: string): Promise<void>;
  /** Something goes on in these. @returns sessions that are over. */
  touch(sessions: readonly string[]): Promise<readonly string[]>;
  end(session: string): Promise<void>;

  /** Calls begin here, and say what they have to say on a stream. */
  beginCalls(session: string, stream: string, ids: readonly RequestId[]): Promise<BeginCallsResult>;
  /** Ends calls of this stream; another one may have begun under the same id. */
  endCalls(session: string, stream: string, ids: readonly RequestId[]): Promise<void>;
  /** Whether a call under way may say more on a stream. */
  stateOf(session: string, stream: string): Promise<StreamState>;
  /** Ends the calls of a stream whose process is gone. @returns their ids */
  endLost(session: string, stream: string): Promise<readonly RequestId[]>;

  /** The client reads a stream here, and nowhere else any more. @returns the resources that it wants to hear of. */
  hold(session: string, stream: string): Promise<readonly string[]>;
  letGo(session: string, stream: string): Promise<void>;

  /** Passes on what a client says to a call that runs elsewhere. */
  pass(session: string, message: JSONRPCMessage): Promise<void>;
  /** Calls `hear` with what other processes have to say. */
  listen(hear: (note: ReplicaMessage) => void): void;
}

/** How many resources a session may want to hear of. */
export const MAX_URIS = 100;

/** What a session is known by wherever it is kept: whoever reads that cannot use the session. */
export function keyOf(id: string, { sha256 }: Pick<Host, 'sha256'>): string {
  return sha256(id, 'base64url');
}

export interface StoredEvent {
  readonly id: string;
  readonly message: JSONRPCMessage;
}

/**
 * Keeps for a while what calls have said, so that a client that lost a stream can catch up. A session finds its own events
 * and no others.
 */
export interface EventStore {
  /** @returns the id of the event, a number that grows within its session; empty when it is not kept. */
  append(session: string, stream: string, message: JSONRPCMessage): Promise<string>;
  /** The stream that an event was sent on, or `undefined` when it is not kept any more. */
  streamOf(session: string, event: string): Promise<string | undefined>;
  /** What was sent on a stream after an event, in order. */
  after(session: string, stream: string, event: string): Promise<readonly StoredEvent[]>;
  /** The session is over. */
  forget(session: string): Promise<void>;
}

export interface LoggedChange {
  /** Its place in the log, if it has one. */
  readonly at?: string | undefined;
  readonly change: Change;
}

/**
 * What has changed, kept for a while, so that a client that lost its stream of changes can catch up. It is one log for all
 * sessions; each reads out of it what concerns it.
 */
export interface ChangeLog {
  /** Calls `hear` with every change from now on. @returns what ends that. */
  listen(hear: (change: LoggedChange) => void): () => void;
  /** The place of the newest change. */
  newest(): Promise<string>;
  /** What came after a place; that something was missed, when nobody knows any more. */
  after(place: string): Promise<readonly LoggedChange[]>;
}

/** How many changes are kept, and for how long (milliseconds). */
export const CHANGE_LOG_BOUNDS = { maxChanges: 1_000, maxAgeMs: 300_000 };

/** A place in a log: which log it is, and the number of the change. */
export interface LogPosition {
  readonly log: string;
  readonly number: number;
}

export function parseLogPosition(text: string): LogPosition | undefined {
  const [, log, number] = /^c(\w{0,40})-(\d{1,15})$/.exec(text) ?? [];
  return log === undefined ? undefined : { log, number: Number(number) };
}

/** All places of a log are equally long: once sealed, they do not say how much has changed. */
export function formatLogPosition({ log, number }: LogPosition): string {
  return `c${log}-${String(number).padStart(15, '0')}`;
}

/** Whether something in a log comes after a place. Another log is a later one. */
export function isAfter(one: string, other: string): boolean {
  const [here, there] = [parseLogPosition(one), parseLogPosition(other)];
  return here?.log !== there?.log || (here?.number ?? 0) > (there?.number ?? 0);
}

/** The id of the request that a message answers. */
export function answeredBy(message: JSONRPCMessage): RequestId | undefined {
  return 'method' in message || !('id' in message) ? undefined : message.id;
}
