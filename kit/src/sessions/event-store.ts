import type { JSONRPCMessage } from '@modelcontextprotocol/server';

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
