import type { EventStore } from './event-store.js';
import type { EventStream } from './event-stream.js';
import type { SessionStore } from './session-store.js';

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
    this.#lookUntilDone()
      .catch(() => this.end())
      .finally(() => {
        this.#looking = false;
      });
  }

  end(): void {
    this.target.end();
  }

  async #lookUntilDone(): Promise<void> {
    const { session, stream } = this.resumed;
    while (this.#again) {
      this.#again = false;
      // In this order: a call ends after everything that it has said.
      const isOpen = await this.store.isOpen(session, stream);
      for (const { id, message } of await this.events.after(session, stream, this.#last)) {
        this.target.send(message, id);
        this.#last = id;
      }
      if (!isOpen) return this.end();
    }
  }
}
