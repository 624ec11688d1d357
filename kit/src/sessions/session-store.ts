import { createHash } from 'node:crypto';
import type { JSONRPCMessage, JSONRPCRequest, RequestId } from '@modelcontextprotocol/server';

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
export type Note = { readonly session: string } & (
  | { readonly kind: 'message'; readonly message: JSONRPCMessage }
  | { readonly kind: 'written' | 'taken'; readonly stream: string }
  | { readonly kind: 'subscribed' | 'unsubscribed'; readonly uri: string }
  | { readonly kind: 'ended' }
);

/** Why no session began: all of the caller's own are in use, or there are too many in all. */
export type Begun = 'begun' | 'busy' | 'full';

/** Why calls did not begin: one with the same id is under way, or the session is over. */
export type CallsBegun = 'begun' | 'taken' | 'over';

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
  begin(session: string, owner: string, initialize: JSONRPCRequest): Promise<Begun>;
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
  beginCalls(session: string, stream: string, ids: readonly RequestId[]): Promise<CallsBegun>;
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
  listen(hear: (note: Note) => void): void;
}

/** How many resources a session may want to hear of. */
export const MAX_URIS = 100;

/** What a session is known by wherever it is kept: whoever reads that cannot use the session. */
export function keyOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}
