import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/server';
import type { EventStore } from './event-store.js';
import type { EventStream } from './event-stream.js';
import type { SessionStore } from './session-store.js';

const LOST = {
  code: -32_000,
  message: 'The process that ran this call is gone. Nobody knows how far it came.',
};

/** How long a process may be cut off from the others before its calls are given up (milliseconds). */
const PATIENCE_MS = 3_000;

/** Where a stream is that a client takes up again: after which event. */
export interface Resumed {
  readonly session: string;
  readonly stream: string;
  readonly event: string;
}

/** Sends what was said on a stream after an event, and what is said until its calls are over, wherever they run. */
export class ResumedStream {
  #last: string;
  #looking = false;
  #again = false;
  #silentSince: number | undefined;

  constructor(
    private readonly resumed: Resumed,
    private readonly events: EventStore,
    private readonly store: SessionStore,
    private readonly target: EventStream,
  ) {
    this.#last = resumed.event;
  }

  /** There may be something new. The client loses a stream that cannot be read now, and may take it up later. */
  look(): void {
    this.#again = true;
    if (this.#looking) return;
    this.#looking = true;
    this.#lookUntilDone().catch(() => this.end());
  }

  end(): void {
    this.target.end();
  }

  async #lookUntilDone(): Promise<void> {
    const { session, stream } = this.resumed;
    try {
      while (this.#again) {
        this.#again = false;
        // In this order: a call ends after everything that it has said.
        const isOver = await this.#isOver();
        for (const { id, message } of await this.events.after(session, stream, this.#last)) {
          this.target.send(message, id);
          this.#last = id;
        }
        if (isOver) return this.end();
      }
    } finally {
      // In the same step as the last look at `again`, or what comes in between would be seen by nobody.
      this.#looking = false;
    }
  }

  async #isOver(): Promise<boolean> {
    const { session, stream } = this.resumed;
    const state = await this.store.stateOf(session, stream);
    if (state !== 'silent') {
      this.#silentSince = undefined;
      return state === 'over';
    }
    const now = performance.now();
    this.#silentSince ??= now;
    if (now - this.#silentSince < PATIENCE_MS) {
      setTimeout(() => this.look(), PATIENCE_MS).unref();
      return false;
    }
    for (const id of await this.store.endLost(session, stream)) {
      await this.events.append(session, stream, lostCall(id));
    }
    return true;
  }
}

function lostCall(id: RequestId): JSONRPCMessage {
  return { jsonrpc: '2.0', id, error: LOST };
}
