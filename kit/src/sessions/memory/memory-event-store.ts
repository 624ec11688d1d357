import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import type { EventStore, StoredEvent } from '../event-store.js';
import type { MemorySessionStore } from './memory-session-store.js';

export interface Bounds {
  /** Of one session. */
  readonly maxEvents: number;
  /** Of one session. */
  readonly maxBytes: number;
  /** Of all sessions together. */
  readonly maxTotalBytes: number;
  readonly maxAgeMs: number;
}

const BOUNDS: Bounds = {
  maxEvents: 500,
  maxBytes: 2_000_000,
  maxTotalBytes: 64_000_000,
  maxAgeMs: 300_000,
};

interface Kept {
  readonly session: string;
  readonly stream: string;
  readonly id: string;
  /** As text: an object would take several times the room. */
  readonly text: string;
  readonly bytes: number;
  readonly end: number;
}

interface OfSession {
  readonly events: Map<string, Kept>;
  bytes: number;
}

/** Events in this process. What exceeds a bound goes, the oldest first; of all, the oldest of the session that has most. */
export class MemoryEventStore implements EventStore {
  readonly #sessions = new Map<string, OfSession>();
  /** All events, the oldest first. */
  readonly #all = new Set<Kept>();
  #bytes = 0;

  constructor(
    private readonly sessions: Pick<MemorySessionStore, 'nextEvent'>,
    private readonly bounds = BOUNDS,
  ) {}

  async append(session: string, stream: string, message: JSONRPCMessage): Promise<string> {
    const number = this.sessions.nextEvent(session);
    if (number === undefined) return '';
    const now = performance.now();
    const text = JSON.stringify(message);
    const id = String(number);
    const bytes = Buffer.byteLength(text);
    const end = now + this.bounds.maxAgeMs;
    const own = this.#sessions.get(session) ?? { events: new Map(), bytes: 0 };
    const kept = { session, stream, id, text, bytes, end };
    this.#sessions.set(session, own);
    own.events.set(id, kept);
    own.bytes += bytes;
    this.#all.add(kept);
    this.#bytes += bytes;
    this.#makeRoom(own, now);
    return id;
  }

  async streamOf(session: string, event: string): Promise<string | undefined> {
    return this.#find(session, event)?.stream;
  }

  async after(session: string, stream: string, event: string): Promise<readonly StoredEvent[]> {
    return [...(this.#sessions.get(session)?.events.values() ?? [])]
      .filter((kept) => kept.stream === stream && Number(kept.id) > Number(event))
      .map(({ id, text }) => ({ id, message: JSON.parse(text) as JSONRPCMessage }));
  }

  async forget(session: string): Promise<void> {
    for (const kept of this.#sessions.get(session)?.events.values() ?? []) this.#drop(kept);
  }

  #find(session: string, event: string): Kept | undefined {
    const kept = this.#sessions.get(session)?.events.get(event);
    return kept !== undefined && kept.end > performance.now() ? kept : undefined;
  }

  #makeRoom(own: OfSession, now: number): void {
    const { maxEvents, maxBytes, maxTotalBytes } = this.bounds;
    for (const kept of own.events.values()) {
      if (own.events.size <= maxEvents && own.bytes <= maxBytes) break;
      this.#drop(kept);
    }
    for (const kept of this.#all) {
      if (kept.end > now) break;
      this.#drop(kept);
    }
    while (this.#bytes > maxTotalBytes) {
      const [oldest] = this.#largest()?.events.values() ?? [];
      if (oldest === undefined) break;
      this.#drop(oldest);
    }
  }

  #largest(): OfSession | undefined {
    let largest: OfSession | undefined;
    for (const one of this.#sessions.values()) {
      if (one.bytes > (largest?.bytes ?? 0)) largest = one;
    }
    return largest;
  }

  #drop(kept: Kept): void {
    const own = this.#sessions.get(kept.session);
    if (own === undefined || !own.events.delete(kept.id)) return;
    own.bytes -= kept.bytes;
    if (own.events.size === 0) this.#sessions.delete(kept.session);
    this.#all.delete(kept);
    this.#bytes -= kept.bytes;
  }
}
